// What an answer was asked beside its prompt, in words; nothing of what is at its default.
import type { Analysis } from "../../api/types";
import { repairs } from "../../state/repairs.svelte";
import { lensName } from "../reading";
import { layerText } from "../skip";

/** "layers 6–8 skipped after the prompt · decoded with DeCo · raw lens". */
export function askedText(request: Analysis["request"]): string {
	const { skip_layers: skipped, skip_when, repair, lens, continuation } = request;
	const after = skip_when === "decode" ? " after the prompt" : "";
	const parts = [
		skipped.length ? `${layerText(skipped)} skipped${after}` : "",
		repair.kind !== "none" && `decoded with ${repairs.named(repair.kind)?.title ?? repair.kind}`,
		continuation && "given text",
		lens !== "normed" && lensName(lens),
	];
	return parts.filter(Boolean).join(" · ");
}
