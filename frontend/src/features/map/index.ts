// What other folders may use of this feature.
export { default as MapView } from "./MapView.svelte";
export type { Strand } from "./strand";
