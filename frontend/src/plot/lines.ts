// A figure of lines over depth, laid out to be drawn as SVG: the page's first charts need no Plotly, whose
// 1.4 MB take a second to read on a slow machine. Pure.
import type { FigureSpec, Trace } from "../api/figure";
import { type Box, box, listOf } from "./arrays";
import { type Axis, depths, numbered, numbersOf, placeOn, rangeOf, titleOf } from "./axes";
import type { Size } from "./figure";
import { filledLines, plainText } from "./hover";

const list = (value: unknown) => (Array.isArray(value) ? value : []).map(box);

interface Point {
	x: number;
	y: number;
	/** What it says, in lines. */
	says: string[];
}

export interface Line {
	name: string;
	path: string;
	color: string;
	width: number;
	dash: string;
	opacity: number;
	/** Of an area; a line has "none". */
	fill: string;
	/** Of its markers; 0: it has none. */
	radius: number;
	/** On the drawing. */
	points: Point[];
	legend: boolean;
}

interface Note {
	x: number;
	y: number;
	text: string;
	bold: boolean;
	color: string;
	size: number;
	anchor: "start" | "middle" | "end";
	baseline: "auto" | "central" | "hanging";
}

export interface Drawing {
	x: Axis;
	y: Axis;
	bands: { x: number; width: number; fill: string; opacity: number }[];
	rules: { x: number; color: string; dash: string }[];
	lines: Line[];
	notes: Note[];
}

const AXES = ["depth", "pair", "relative"];
const CHARACTER = 6.3; // width of a digit at 12 px
const TITLE_LINE = 16; // height of an axis title's line, CSS pixels
/** Whether all that the figure holds is lines over depth. */
export function isLines({ data, layout }: FigureSpec): boolean {
	const plain = data.every(({ type, x }) => (type ?? "scatter") === "scatter" && x !== undefined);
	return plain && data.length > 0 && AXES.includes(String(layout.meta?.axis));
}

export function drawingOf({ data, layout }: FigureSpec, { width, height }: Size): Drawing {
	const [xaxis, yaxis] = [box(layout.xaxis), box(layout.yaxis)];
	const { t = 0, r = 0, b = 0, l = 0 } = box(layout.margin) as Record<string, number>;
	const top = layout.showlegend ? 22 : t; // the legend stands above the drawing
	const range = rangeOf(yaxis, data);
	const title = titleOf(yaxis, height - b - top + 24);
	const ticks = numbered(yaxis, range);
	const most = Math.max(...ticks.map(({ label }) => label.length), 0);
	const left = Math.max(l, 16 + CHARACTER * most + TITLE_LINE * title.length);
	const y = { range, start: height - b, length: top + b - height, ticks, title };
	const across = (xaxis.range as [number, number] | undefined) ?? rangeOf(xaxis, data, "x");
	const room = Math.max(width - left - r, 1);
	const x = {
		range: across,
		start: left,
		length: room,
		ticks: depths(xaxis, across, room),
		title: titleOf(xaxis, null),
	};
	return {
		x,
		y,
		...shapes(list(layout.shapes), x),
		lines: data.map((trace) => lineOf(trace, x, y)),
		notes: list(layout.annotations).map((note) => noteOf(note, x, y)),
	};
}

function shapes(all: readonly Box[], x: Axis): Pick<Drawing, "bands" | "rules"> {
	const at = (shape: Box, end: "x0" | "x1") => placeOn(x, Number(shape[end]));
	const bands = all
		.filter(({ type }) => type === "rect")
		.map((shape) => ({
			x: at(shape, "x0"),
			width: at(shape, "x1") - at(shape, "x0"),
			fill: String(shape.fillcolor),
			opacity: Number(shape.opacity ?? 1),
		}));
	const rules = all
		.filter(({ type }) => type === "line")
		.map((shape) => ({
			x: at(shape, "x0"),
			color: String(box(shape.line).color),
			dash: dashOf(shape),
		}));
	return { bands, rules };
}

const dashOf = (part: Box) => ({ dot: "3 3", dash: "9 6" })[String(box(part.line).dash)] ?? "";

function lineOf(trace: Trace, x: Axis, y: Axis): Line {
	const [xs, ys] = [numbersOf(trace.x), numbersOf(trace.y)];
	const line = box(trace.line);
	const mode = String(trace.mode ?? "lines");
	const fill = trace.fill === "toself" ? String(trace.fillcolor) : "none";
	const says = trace.hoverinfo === "skip" ? "" : String(trace.hovertemplate ?? "");
	const data = listOf(trace.customdata);
	const points = xs.map((at, i) => ({
		x: placeOn(x, at),
		y: placeOn(y, ys[i] ?? Number.NaN),
		says: says ? told(says, { x: at, y: ys[i], customdata: data[i] }) : [],
	}));
	return {
		name: plainText(String(trace.name ?? "")),
		path: pathOf(points, fill !== "none"),
		color: String(line.color ?? "none"),
		width: Number(line.width ?? 2),
		dash: dashOf(trace),
		opacity: Number(trace.opacity ?? 1),
		fill,
		radius: mode.includes("markers") ? Number(box(trace.marker).size ?? 6) / 2 : 0,
		points: points.filter((point) => Number.isFinite(point.y)),
		legend: trace.showlegend !== false,
	};
}

/** The hover text of a point; what Plotly puts aside (<extra>) comes last. */
function told(template: string, values: Box): string[] {
	const extra = /<extra>(.*)<\/extra>/s.exec(template)?.[1] ?? "";
	return filledLines(
		`${template.replace(/<extra>.*<\/extra>/s, "")}<br>${extra}`,
		(name) => values[name],
	);
}

/** Broken where there is no number. */
function pathOf(points: readonly Point[], closed: boolean): string {
	let path = "";
	let on = false;
	for (const { x, y } of points) {
		const there = Number.isFinite(y);
		if (there) path += `${on ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`;
		on = there;
	}
	return closed && path ? `${path}Z` : path;
}

function noteOf(note: Box, x: Axis, y: Axis): Note {
	const [font, text] = [box(note.font), String(note.text ?? "")];
	const across = Number(note.x ?? 0);
	const up = Number(note.y ?? 0);
	const paper = (axis: Axis, share: number) => axis.start + share * axis.length;
	const anchors = { left: "start", right: "end", center: "middle" } as const;
	const baselines = { bottom: "auto", top: "hanging", middle: "central" } as const;
	return {
		x: (note.xref === "paper" ? paper(x, across) : placeOn(x, across)) + Number(note.xshift ?? 0),
		y: note.yref === "paper" ? paper(y, up) - 3 : placeOn(y, up),
		text: plainText(text),
		bold: text.startsWith("<b>"),
		color: String(font.color ?? "currentColor"),
		size: Number(font.size ?? 12),
		anchor: anchors[note.xanchor as keyof typeof anchors] ?? "middle",
		baseline: baselines[note.yanchor as keyof typeof baselines] ?? "central",
	};
}

const NEAR = 30; // of the pointer, CSS pixels

/** The nearest point that has something to say. */
export function nearest(lines: readonly Line[], x: number, y: number): Point | null {
	let [found, least]: [Point | null, number] = [null, NEAR];
	for (const { points } of lines)
		for (const point of points) {
			const away = Math.hypot(point.x - x, point.y - y);
			if (point.says.length && away < least) [found, least] = [point, away];
		}
	return found;
}
