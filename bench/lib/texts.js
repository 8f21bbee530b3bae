/** The least store that is one: JSON texts in a Map. What is read is nobody else's object. */
export class Texts {
  #texts = new Map();

  get(id) {
    const text = this.#texts.get(id);
    return text === undefined ? undefined : JSON.parse(text);
  }

  set(id, data) {
    this.#texts.set(id, JSON.stringify(data));
  }

  delete(id) {
    this.#texts.delete(id);
  }
}
