// What other folders may use of this feature.
export { default as TakeAway } from "./TakeAway.svelte";
