// The board's figure, and the colours that it gives to the answer's own text.
import type { FigureRequest } from "../../api/client";
import type { FigureSpec } from "../../api/figure";
import { at, listOf } from "../../plot/arrays";
import { type Palette, paletteOf } from "../../plot/palette";
import { figureValues } from "../../state/reading";
import type { ViewProps } from "../../state/views";

type Asked = Pick<ViewProps, "analysis" | "selection" | "lens" | "theme" | "stages" | "beside">;

export function boardFigure({ analysis, selection, ...shown }: Asked): FigureRequest {
	const { quantity, divergence, scaling: scale, sublayers } = selection;
	const { lens, theme, stages, beside } = shown;
	const shared = figureValues({ lens, theme, stages, beside, sublayers });
	const values = { quantity, divergence, scale, ...shared };
	return { id: analysis.id, name: "fretboard", values };
}

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
