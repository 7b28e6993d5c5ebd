// What was asked of a run beside its prompt, in words. Pure.
import type { Analysis } from "../api/types";
import { layerText } from "../text/layers";
import { lensName } from "./reading";

/** What was asked beside the prompt: "layers 6–8 skipped after the prompt · decoded with DeCo · raw lens". */
export function askedText(
	request: Analysis["request"],
	titleOf: (repair: string) => string = (kind) => kind,
): string {
	const { skip_layers: skipped, skip_when, repair, steering, lens, continuation } = request;
	const after = skip_when === "decode" ? " after the prompt" : "";
	const parts = [
		skipped.length ? `${layerText(skipped)} skipped${after}` : "",
		repair.kind !== "none" && `decoded with ${titleOf(repair.kind)}`,
		steering?.summary,
		continuation && "given text",
		lens !== "normed" && lensName(lens),
	];
	return parts.filter(Boolean).join(" · ");
}

/** What is to be known of the picture that was read: that there is none, or how it was ("only the first frame is read"). */
export function pictureText({ image }: Analysis["request"]): string {
	return image ? (image.note ?? "") : "no image";
}
