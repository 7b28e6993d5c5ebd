// Fills a heatmap's hovertemplate for one cell, so that hover can be an ordinary element of the page:
// it follows pointer and keyboard, is read out, and is never clipped by the scroller.

import type { Trace } from "../api/figure";
import { at, listOf } from "./arrays";

export interface HeatCells {
	template: string;
	z: unknown[];
	text: unknown[];
	hovertext: unknown[];
	customdata: unknown[];
}

/** A trace's arrays, unpacked once. */
export function heatCells(trace: Trace): HeatCells {
	const template = Array.isArray(trace.hovertemplate) ? "" : String(trace.hovertemplate ?? "");
	return {
		template: template.replace(/<extra>.*<\/extra>/s, ""),
		z: listOf(trace.z),
		text: listOf(trace.text),
		hovertext: listOf(trace.hovertext),
		customdata: listOf(trace.customdata),
	};
}

/** The part of d3-format that the figures use: .3f, .2%, .3g, .1e, d. */
export function format(value: unknown, spec: string | undefined): string {
	if (typeof value !== "number" || !spec) return String(value ?? "");
	return formatted(value, spec).replace("-", "−");
}

function formatted(value: number, spec: string): string {
	const [, digits, kind] = /^,?\.?(\d+)?~?([fged%])?$/.exec(spec) ?? [];
	const places = digits === undefined ? 6 : Number(digits);
	if (kind === "%") return `${(100 * value).toFixed(digits === undefined ? 0 : places)} %`;
	if (kind === "f") return value.toFixed(places);
	if (kind === "e") return value.toExponential(places);
	if (kind === "d") return String(Math.round(value));
	return kind === "g" || digits !== undefined
		? String(Number(value.toPrecision(places || 1)))
		: String(value);
}

/** A template's "%{name[0]:.2f}" filled, as lines of plain text. */
export function filledLines(
	template: string,
	value: (name: string, path: number[]) => unknown,
): string[] {
	const filled = template.replace(
		/%\{(\w+)((?:\[\d+\])*)(?::([^}]+))?\}/g,
		(_, name: string, path: string, spec?: string) =>
			format(value(name, [...path.matchAll(/\d+/g)].map(Number)), spec),
	);
	return plainLines(filled);
}

/** The hover text of the cell in `row` and `column`: lines of plain text. */
export function hoverLines(cells: HeatCells, row: number, column: number): string[] {
	return filledLines(cells.template, (name, path) => {
		if (name === "x") return column;
		if (name === "y") return row;
		const list = cells[name as "z" | "text" | "hovertext" | "customdata"];
		return list ? at(list, row, column, ...path) : undefined;
	});
}

/** A line of the list of words: "  97.3 %  ·red", or of a difference "  -4.1 pts  ·red". */
export const isWordLine = (line: string) => /^\s*[<+−-]?[\d.]+ (%|pts)\s/.test(line);

const ENTITIES: Record<string, string> = {
	"&lt;": "<",
	"&gt;": ">",
	"&amp;": "&",
	"&quot;": '"',
	"&#39;": "'",
};

/** A name in Plotly's markup, as an element of the page shows it: "&lt;/s&gt;" → "</s>". */
export const plainText = (markup: string) => plainLines(markup).join(" ");

/** Plotly's small markup as plain lines: <br> breaks, other tags go, entities are read. */
export function plainLines(markup: string): string[] {
	const lines = markup
		.split(/<br\s*\/?>/i)
		.map((line) => line.replace(/<\/?(?:b|i|em|strong|sub|sup|span)(?:\s[^>]*)?>/gi, ""));
	return lines
		.map((line) =>
			line.replace(/&(?:lt|gt|amp|quot|#39);/g, (entity) => ENTITIES[entity] ?? entity),
		)
		.filter((line) => line.trim() !== "");
}
