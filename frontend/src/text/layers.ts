// Layers in words. Pure.

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
