import { App } from "micropie";

// The example of MicroPie's README, as it stands.
class MyApp extends App {
  async index() {
    if (!("visits" in this.request.session)) {
      this.request.session.visits = 1;
    } else {
      this.request.session.visits += 1;
    }
    return `You have visited ${this.request.session.visits} times.`;
  }
}

export default new MyApp();
