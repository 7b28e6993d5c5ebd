// A Plotly figure as the API sends it. The page changes size, selection marks and type face, nothing else.

import type { FigureSpec } from "../api/figure";
import { type Box, box } from "./arrays";

const FACE = '"Source Sans 3 Variable", system-ui, sans-serif';

export const TICK = 22; // room that the number of a depth or layer needs, CSS pixels
const TITLE_CHARACTER = 6.4; // width of one character of an axis title, CSS pixels

/** A title broken between its parts, "unit · lens · scaling", into lines no longer than `room`. */
export function brokenTitle(text: string, room: number): string {
	const most = Math.max(12, Math.floor(room / TITLE_CHARACTER));
	return text
		.split("<br>")
		.map((line) => brokenLine(line, most))
		.join("<br>");
}

function brokenLine(text: string, most: number): string {
	const lines: string[] = [];
	for (const part of text.split(/(?<= · )|(?= \()/)) {
		const last = lines.at(-1) ?? "";
		if (lines.length && (last + part.trimEnd()).length <= most)
			lines[lines.length - 1] = last + part;
		else lines.push(part.trimStart());
	}
	return lines.join("<br>");
}

/** Axes that cannot be dragged: a swipe over a chart scrolls the page. */
function fixedAxes(layout: Box, { width, height }: Size): Box {
	const { t = 0, b = 0, l = 0, r = 0 } = box(layout.margin) as Record<string, number>;
	const room = height - Math.abs(t - b) - 8; // a y title is centred on the plot, not on the figure
	const axes = Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key));
	return Object.fromEntries(
		axes.map((key) => {
			if (key.startsWith("y")) return [key, fixedAxis(box(layout[key]), room)];
			return [
				key,
				{ ...fixedAxis(box(layout[key]), null), ...spaced(box(layout[key]), width - l - r) },
			];
		}),
	);
}

/** Every depth has its tick, unless the numbers would run together: then every second, third … */
function spaced(axis: Box, room: number): Box {
	const [low, high] = Array.isArray(axis.range) ? axis.range.map(Number) : [];
	if (axis.dtick !== 1 || low === undefined || high === undefined) return {};
	return { dtick: Math.max(1, Math.ceil((TICK * (high - low)) / Math.max(room, TICK))) };
}

/** room: of an upright title, CSS pixels; null for one that lies. */
function fixedAxis(axis: Box, room: number | null): Box {
	const text = String(box(axis.title).text ?? "");
	const upright = room === null ? {} : { text: brokenTitle(text, room) };
	const title = { ...box(axis.title), ...upright, font: { size: 13 } };
	const margin = room === null ? {} : { automargin: true };
	return {
		...axis,
		...margin,
		title,
		tickfont: { size: 12, ...box(axis.tickfont) },
		fixedrange: true,
	};
}

export interface Size {
	width: number;
	height: number;
}

/** The layout to draw: the figure's own, at this size, on the page's ground. */
export function dressedLayout({ layout }: FigureSpec, size: Size): Box {
	return {
		...layout,
		...fixedAxes(layout, size),
		...size,
		autosize: false,
		dragmode: false,
		paper_bgcolor: "rgba(0,0,0,0)",
		plot_bgcolor: "rgba(0,0,0,0)",
		font: { ...box(layout.font), family: FACE },
	};
}
