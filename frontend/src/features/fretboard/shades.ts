// The colours that the board's figure gives to the answer's own text.
import type { FigureSpec } from "../../api/figure";
import { at, listOf } from "../../plot/arrays";
import { type Palette, paletteOf } from "../../plot/palette";

export interface Shades {
	palette: Palette;
	/** Of a cell, its colour's place in the palette; null where there is no number. */
	place: (row: number, token: number) => number | null;
}

export function shadesOf(spec: FigureSpec): Shades | null {
	const trace = spec.data[0];
	if (!trace) return null;
	const z = listOf(trace.z);
	const [low, high] = [Number(trace.zmin), Number(trace.zmax)];
	return {
		palette: paletteOf(trace.colorscale as [number, string][], trace.reversescale === true),
		place: (row, token) => {
			const value = Number(at(z, Math.min(row, z.length - 1), token) ?? Number.NaN);
			if (!Number.isFinite(value)) return null;
			const share = high > low ? (value - low) / (high - low) : 0;
			return Math.round(255 * Math.min(Math.max(share, 0), 1));
		},
	};
}
