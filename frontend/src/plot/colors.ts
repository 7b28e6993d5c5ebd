// The colour bar of a heatmap or map as the page draws it: where there is room, which Plotly's own cannot be.

import type { FigureSpec } from "../api/figure";
import type { Scale } from "../ui/ColorBar.svelte";
import { type Box, box, listOf } from "./arrays";

const titleOf = (value: unknown) =>
	typeof value === "string" ? value : String(box(value).text ?? "");

function short(value: number): string {
	return Math.abs(value) >= 1000
		? value.toLocaleString("en")
		: String(Number(value.toPrecision(2)));
}

/** Of a scale with two sides, both carry their sign. */
const signed = (value: number) =>
	`${value > 0 ? "+" : value < 0 ? "−" : ""}${short(Math.abs(value))}`;

const APART = 0.14; // of the bar's length, so that labels stay readable

/** Zero and the ends first, then from the middle outwards as long as there is room. */
function spaced(ticks: Scale["ticks"], low: number, high: number): Scale["ticks"] {
	const zero = low < 0 && high > 0 ? -low / (high - low) : 0.5;
	const weight = ({ at }: { at: number }) => Math.abs(at - zero);
	const [first, ...rest] = [...ticks].sort((a, b) => weight(a) - weight(b));
	const kept: Scale["ticks"] = [];
	for (const tick of [first, ...rest.splice(-2), ...rest])
		if (tick && kept.every((other) => Math.abs(other.at - tick.at) >= APART)) kept.push(tick);
	return kept.sort((a, b) => a.at - b.at);
}

function ticksOf(bar: Box, low: number, high: number): Scale["ticks"] {
	const values = listOf(bar.tickvals).map(Number);
	const texts = listOf(bar.ticktext).map(String);
	const even = [low, (low + high) / 2, high];
	const chosen = (values.length ? values : even).map((value, index) => ({
		at: high > low ? (value - low) / (high - low) : 0,
		label: texts[index] ?? (low < 0 ? signed(value) : short(value)),
	}));
	const inside = chosen.filter((tick) => tick.at >= -0.01 && tick.at <= 1.01);
	return spaced(inside, low, high);
}

/** Read from the first heatmap or scaled markers; null where the figure has no colour scale. */
export function colorBar(spec: FigureSpec): Scale | null {
	const points = spec.data.map((candidate) => box(candidate.marker)).find((m) => "colorscale" in m);
	const trace = spec.data.find((candidate) => candidate.type === "heatmap") ?? points;
	const axis = box(spec.layout.coloraxis);
	const source: Box = trace && !trace.coloraxis ? trace : axis;
	const scale = listOf(source.colorscale) as [number, string][];
	const low = Number(source.zmin ?? source.cmin);
	const high = Number(source.zmax ?? source.cmax);
	if (!scale.length || !Number.isFinite(low) || !Number.isFinite(high)) return null;
	const turned = source.reversescale === true;
	const stops = scale.map(([at, color]) => `${color} ${(100 * at).toFixed(1)}%`);
	const bar = box(source.colorbar);
	return {
		title: titleOf(bar.title).replace(/<br\s*\/?>/g, " "),
		gradient: `linear-gradient(to ${turned ? "left" : "right"}, ${stops.join(", ")})`,
		ticks: ticksOf(bar, low, high),
	};
}
