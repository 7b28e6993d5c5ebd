// What other folders may use of this feature.
export { default as CellWords } from "./CellWords.svelte";
export { default as Competition } from "./Competition.svelte";
