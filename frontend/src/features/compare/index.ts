// What other folders may use of this feature.
export { default as CompareMenu } from "./CompareMenu.svelte";
