// The selection as marks on a figure. The figure itself stays as Python made it.
import type { Theme } from "../state/theme.svelte";
import { at, listOf } from "./arrays";
import type { FigureSpec, Trace } from "./figure";

const ACCENT: Record<Theme, string> = { light: "#9A6B1F", dark: "#D9A441" };

type Shape = Record<string, unknown>;

/** A vertical line at the selected depth, for figures with depth on x. */
export function depthLine(depth: number | null, theme: Theme): Shape[] {
	if (depth === null) return [];
	const line = { color: ACCENT[theme], width: 1.5 };
	return [{ type: "line", xref: "x", yref: "paper", x0: depth, x1: depth, y0: 0, y1: 1, line }];
}

const FADED = 0.18;
const INK: Record<Theme, string> = { light: "#1D1B18", dark: "#ECE9E2" };

/** The selected token's path in ink, the others and their points faded. */
export function highlight(token: number | null, theme: Theme): (trace: Trace) => Trace {
	return (trace) => {
		if (token === null) return trace;
		if (trace.meta?.part === "points") return fadedPoints(trace, token);
		if (trace.meta?.token === undefined) return trace;
		const chosen = trace.meta.token === token;
		const line = { ...(trace.line as Shape), ...(chosen && { color: INK[theme], width: 2 }) };
		return { ...trace, line, opacity: chosen ? 1 : FADED };
	};
}

function fadedPoints(trace: Trace, token: number): Trace {
	const owners = listOf(trace.customdata);
	const opacity = owners.map((_, index) => (at(owners, index, 0) === token ? 1 : 2 * FADED));
	return { ...trace, marker: { ...(trace.marker as Shape), opacity } };
}

/** Where (token, depth) lies in a figure whose points carry customdata [token, depth]. */
export function findPoint(spec: FigureSpec, token: number, depth: number): [number, number] | null {
	for (const trace of spec.data) {
		const owners = listOf(trace.customdata);
		const index = owners.findIndex(
			(_, i) => at(owners, i, 0) === token && at(owners, i, 1) === depth,
		);
		if (index >= 0) return [Number(at(listOf(trace.x), index)), Number(at(listOf(trace.y), index))];
	}
	return null;
}

/** A ring round one point, above all traces. */
export function ring(point: [number, number] | null, theme: Theme): Trace[] {
	if (!point) return [];
	const marker = { symbol: "circle-open", size: 16, color: ACCENT[theme], line: { width: 3 } };
	const [x, y] = point;
	return [
		{
			type: "scatter",
			mode: "markers",
			x: [x],
			y: [y],
			marker,
			hoverinfo: "skip",
			showlegend: false,
		},
	];
}
