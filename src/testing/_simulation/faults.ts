import type { Fault } from "./plan.ts";
import type { World } from "./world.ts";

/** Breaks something for a while. */
export async function breakIt(world: World, fault: Fault): Promise<void> {
  const { journal, network, servers } = world;
  switch (fault.what) {
    case "crash":
      journal.say(`server ${fault.server} crashes`);
      servers[fault.server]!.crash();
      await world.sleep(fault.seconds);
      journal.say(`server ${fault.server} starts again`);
      return servers[fault.server]!.restart();
    case "cut":
      journal.say(`server ${fault.server} loses its way to the store`);
      network.cut.add(fault.server);
      await world.sleep(fault.seconds);
      network.cut.delete(fault.server);
      return;
    case "stall":
      journal.say(`server ${fault.server} stands still for ${fault.seconds.toFixed(3)} s`);
      return servers[fault.server]!.stall(fault.seconds);
    case "down":
      journal.say("the store goes down");
      network.isDown = true;
      await world.sleep(fault.seconds);
      network.isDown = false;
      return;
    case "full":
      journal.say("the store is full");
      network.isFull = true;
      await world.sleep(fault.seconds);
      network.isFull = false;
      return;
    case "failover":
      return failOver(world, fault.back);
    case "jump":
      journal.say(`all clocks jump by ${fault.seconds.toFixed(1)} s`);
      world.clock.ahead += fault.seconds;
      world.history.clocks += Math.abs(fault.seconds);
  }
}

/** The store goes on with what a copy of it had some time ago. */
async function failOver({ journal, history, schedule, store, sleep }: World, back: number): Promise<void> {
  if (store.copy === undefined) return;
  const putBack = store.copy();
  const from = schedule.now;
  await sleep(back);
  putBack();
  history.losses.push({ from, to: schedule.now });
  journal.say(`the store fails over to a copy of ${back} s ago`);
}
