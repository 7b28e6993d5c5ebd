// Layers, and what else was asked of a run, in words. Pure.
import type { Analysis, Lens } from "../api/types";

/** `[6, 7, 8, 12]` → `layers 6–8, 12`. */
export function layerText(layers: readonly number[]): string {
	const parts = runs(layers).map(([low, high]) => (low === high ? `${low}` : `${low}–${high}`));
	return `layer${layers.length > 1 ? "s" : ""} ${parts.join(", ")}`;
}

/** Runs of neighbours, both ends included. */
export function runs(layers: readonly number[]): (readonly [number, number])[] {
	const found: [number, number][] = [];
	for (const layer of [...new Set(layers)].sort((a, b) => a - b)) {
		const last = found.at(-1);
		if (last && last[1] === layer - 1) last[1] = layer;
		else found.push([layer, layer]);
	}
	return found;
}

export const lensName = (lens: Lens) =>
	lens === "difference" ? "raw − normed lens" : `${lens} lens`;

/** What was asked beside the prompt: "layers 6–8 skipped after the prompt · decoded with DeCo · raw lens". */
export function askedText(
	request: Analysis["request"],
	titleOf: (repair: string) => string = (kind) => kind,
): string {
	const { skip_layers: skipped, skip_when, repair, lens, continuation } = request;
	const after = skip_when === "decode" ? " after the prompt" : "";
	const parts = [
		skipped.length ? `${layerText(skipped)} skipped${after}` : "",
		repair.kind !== "none" && `decoded with ${titleOf(repair.kind)}`,
		continuation && "given text",
		lens !== "normed" && lensName(lens),
	];
	return parts.filter(Boolean).join(" · ");
}
