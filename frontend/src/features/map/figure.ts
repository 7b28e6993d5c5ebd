// A map of hidden states as the page draws it, grown up to a depth; what is chosen on it: strand.
// Its points carry customdata (string, depth, token, analysis id); its paths name their string.

import type { FigureSpec, Trace } from "../../api/figure";
import { at, type Box, listOf } from "../../plot/arrays";
import { plainText } from "../../plot/hover";

export interface MapFacts {
	dimensions: 2 | 3;
	strings: number;
	firstDepth: number;
	lastDepth: number;
	/** The depth that the body begins at. */
	neckEnd: number | null;
	/** How the map was made, and how good it is. */
	note: string;
}

export function mapFacts(spec: FigureSpec): MapFacts {
	const meta = spec.layout.meta ?? {};
	const firstDepth = Number(meta.first_depth ?? 0);
	return {
		dimensions: meta.dimensions === 3 ? 3 : 2,
		strings: Number(meta.strings ?? 0),
		firstDepth,
		lastDepth: firstDepth + Number(meta.depths ?? 1) - 1,
		neckEnd: typeof meta.neck_end === "number" ? meta.neck_end : null,
		note: String(meta.note ?? ""),
	};
}

export const AXES = ["x", "y", "z"] as const;
const PADDING = 0.06; // of an axis's span, free at both ends

/** Arrays unpacked, axes that stay where they are while the paths grow, points to the size of the page. */
export function unpacked(spec: FigureSpec, narrow = false): FigureSpec {
	const { strings, dimensions } = mapFacts(spec);
	const scale = narrow && dimensions === 2 ? SMALLER : 1;
	const data = spec.data.map((trace) => {
		const lists = AXES.filter((axis) => axis in trace).map((axis) => [axis, listOf(trace[axis])]);
		const part = trace.meta?.part;
		return {
			...trace,
			...Object.fromEntries(lists),
			...(trace.marker ? { marker: markers(trace.marker as Box, scale) } : {}),
			...(part === "points" && { hovertemplate: undefined, hoverinfo: "none" }),
			...(part === "neck" && strings > CROWD && { opacity: 0.4 }),
		};
	});
	return { ...spec, data, layout: steady(spec.layout, data) };
}

const SMALLER = 0.75; // of points on a phone
const CROWD = 24; // strings whose rings would cover the points if they were drawn in full

function markers(marker: Box, scale: number): Box {
	const color = typeof marker.color === "object" ? listOf(marker.color) : marker.color;
	return { ...marker, color, size: scale * Number(marker.size), showscale: false };
}

function rangeOf(data: readonly Trace[], axis: string): [number, number] {
	let [low, high] = [Infinity, -Infinity];
	for (const trace of data)
		for (const value of listOf(trace[axis])) {
			low = Math.min(low, Number(value));
			high = Math.max(high, Number(value));
		}
	const free = PADDING * (high - low || 1);
	return [low - free, high + free];
}

function steady(layout: FigureSpec["layout"], data: readonly Trace[]): FigureSpec["layout"] {
	const fixed = (owner: Box) =>
		Object.fromEntries(
			AXES.filter((axis) => `${axis}axis` in owner).map((axis) => [
				`${axis}axis`,
				{ ...(owner[`${axis}axis`] as Box), range: rangeOf(data, axis), autorange: false },
			]),
		);
	const plain = { ...layout, showlegend: false, margin: { l: 28, r: 8, t: 8, b: 32 } };
	if (!layout.scene) return { ...plain, ...fixed(layout) };
	const scene = layout.scene as Box;
	const named = Object.entries(fixed(scene)).map(([name, axis]) => [name, lined(axis as Box)]);
	return {
		...plain,
		margin: { l: 0, r: 0, t: 0, b: 0 },
		scene: { ...scene, ...Object.fromEntries(named), ...TURNED },
	};
}

/** The view before it is turned, nearer than Plotly's own; a drag turns it, and it stays as it was turned. */
const TURNED = {
	camera: { eye: { x: 1.1, y: 1.1, z: 0.8 }, center: { x: 0, y: 0, z: -0.1 } },
	dragmode: "turntable",
	uirevision: "turned",
};

export const GREY = "rgba(128, 124, 116, 0.55)"; // seen on light and dark paper

/** An axis in space with its line, which alone tells how the map lies. */
const lined = (axis: Box): Box => ({
	...axis,
	title: { text: String((axis.title as Box).text).replace(" (no unit)", ""), font: { size: 11 } },
	showline: true,
	linecolor: GREY,
	linewidth: 2,
	showspikes: false,
});

/** What the names of a map's colours are; empty where colour is depth. */
export function legendOf(spec: FigureSpec): { name: string; color: string }[] {
	return spec.data
		.filter((trace) => trace.meta?.part === "points" && trace.name)
		.map((trace) => ({
			name: plainText(String(trace.name)),
			color: String((trace.marker as Box).color),
		}));
}

const keep = <T>(list: unknown, kept: readonly number[]) =>
	Array.isArray(list) ? kept.map((index) => list[index] as T) : list;

/** The indices of the points up to a depth. */
function upTo(trace: Trace, depth: number): number[] {
	const owners = trace.customdata as unknown[];
	return owners.flatMap((_, index) => (Number(at(owners, index, 1)) <= depth ? [index] : []));
}

/** Some of the points, by their indices. */
export function pointsAt(trace: Trace, kept: readonly number[]): Trace {
	const marker = trace.marker as Box;
	const cut = { ...trace, marker: { ...marker, color: keep(marker.color, kept) } } as Trace;
	for (const key of [...AXES, "text", "customdata"])
		if (key in trace) cut[key] = keep(trace[key], kept);
	return cut;
}

/** An unpacked map, drawn up to a depth. */
export function grown(spec: FigureSpec, depth: number): FigureSpec {
	const { firstDepth, lastDepth, neckEnd } = mapFacts(spec);
	if (depth >= lastDepth) return spec;
	const count = depth - firstDepth + 1;
	const data = spec.data.map((trace): Trace => {
		const part = trace.meta?.part;
		if (part === "points") return pointsAt(trace, upTo(trace, depth));
		if (part === "neck")
			return neckEnd !== null && neckEnd <= depth ? trace : { ...trace, visible: false };
		const axes = AXES.filter((axis) => axis in trace);
		const cut = axes.map((axis) => [axis, (trace[axis] as unknown[]).slice(0, count)]);
		return { ...trace, ...Object.fromEntries(cut) };
	});
	return { ...spec, data };
}

/** The note of a map in its two parts: how it was made, how good it is. */
export function noteParts(note: string): { made: string; quality: string } {
	const parts = note.split("; ");
	const good = (part: string) => part.startsWith("trustworthiness");
	return {
		made: parts.filter((part) => !good(part)).join("; "),
		quality: parts.filter(good).join("; "),
	};
}
