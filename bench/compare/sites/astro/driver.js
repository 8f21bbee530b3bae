/** A session driver on the store of the comparison; each application has a prefix of its own. */
import { handedOver } from "../handed-over.js";

export default function driver({ build }) {
  const store = () => handedOver[build].store;
  return {
    getItem: async (key) => (await store().readText(`${build}:${key}`)) ?? null,
    setItem: (key, value) => store().writeText(`${build}:${key}`, value),
    removeItem: (key) => store().delete(`${build}:${key}`),
  };
}
