// What other folders may use of this feature.
export { default as Board } from "./Board.svelte";
export { default as Chips } from "./Chips.svelte";
export { default as Fretboard } from "./Fretboard.svelte";
export { expectedDepths, gridOf } from "./geometry";
export { quantityName, quantityOptions } from "./quantity";
export { type Shades, shadesOf } from "./shades";
