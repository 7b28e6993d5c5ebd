// The string that is chosen on a map of hidden states: its path in ink, a ring at its depth.

import type { FigureSpec, Trace } from "../../api/figure";
import { at, type Box, listOf } from "../../plot/arrays";
import { plainText } from "../../plot/hover";
import { ACCENT, INK } from "../../plot/palette";
import type { Theme } from "../../state/theme.svelte";
import { AXES, GREY, pointsAt } from "./figure";

/** A string of a map: the token of an analysis. */
export interface Strand {
	analysis: string;
	token: number;
}

export interface MapPoint extends Strand {
	string: number;
	depth: number;
	/** The string's name and the word it ends in. */
	text: string;
}

/** What stands at a point's place, from its customdata. */
export function pointOf(customdata: unknown, text: unknown): MapPoint | null {
	if (!Array.isArray(customdata) || customdata.length < 4) return null;
	const [string, depth, token, analysis] = customdata;
	return {
		string: Number(string),
		depth: Number(depth),
		token: Number(token),
		analysis: String(analysis),
		text: plainText(String(text ?? "")),
	};
}

/** The string's place in the figure; null where it is not in it. */
export function stringOf(spec: FigureSpec, strand: Strand | null): number | null {
	if (!strand) return null;
	for (const trace of spec.data)
		for (const cell of listOf(trace.customdata))
			if (at(cell, 3) === strand.analysis && at(cell, 2) === strand.token)
				return Number(at(cell, 0));
	return null;
}

const FADED = { path: 0.2, points: 0.5, neck: 0.35 } as const; // opacity beside a chosen string

/** The chosen string's path in ink and its points in full; the others faded. */
export function chosenIn(spec: FigureSpec, string: number | null, theme: Theme): Trace[] {
	if (string === null) return spec.data;
	const faded = spec.data.map((trace): Trace => {
		if (trace.meta?.part === "path" && trace.meta.string === string) return inked(trace, theme);
		return { ...trace, opacity: FADED[trace.meta?.part as keyof typeof FADED] ?? 1 };
	});
	const own = spec.data
		.filter((trace) => trace.meta?.part === "points")
		.map((trace) => {
			const owners = trace.customdata as unknown[];
			return pointsAt(
				trace,
				owners.flatMap((_, index) => (at(owners, index, 0) === string ? [index] : [])),
			);
		});
	return [...faded, ...own.filter((trace) => (trace.customdata as unknown[]).length > 0)];
}

function inked(trace: Trace, theme: Theme): Trace {
	const line = trace.line as Box;
	return {
		...trace,
		line: { ...line, color: INK[theme], width: 2 * Number(line.width) },
		opacity: 1,
	};
}

/** The names of the paths, at their ends; beside a chosen one the others are faint. */
export function labelsAt(spec: FigureSpec, string: number | null, theme: Theme): Trace[] {
	const paths = spec.data.filter((trace) => trace.meta?.part === "path");
	const end = (trace: Trace, axis: string) => listOf(trace[axis]).at(-1);
	const of = (trace: Trace) => trace.meta?.string;
	return [
		{
			type: paths[0]?.type,
			mode: "text",
			...Object.fromEntries(
				AXES.filter((axis) => axis in (paths[0] ?? {})).map((axis) => [
					axis,
					paths.map((trace) => end(trace, axis)),
				]),
			),
			text: paths.map((trace) => String(trace.meta?.label ?? "")),
			textposition: "top center",
			textfont: {
				size: 11,
				color: paths.map((trace) => ((string ?? of(trace)) === of(trace) ? INK[theme] : GREY)),
			},
			hoverinfo: "skip",
			showlegend: false,
		},
	];
}

/** A ring round the point of a string at a depth, above all traces. */
export function ringAt(
	spec: FigureSpec,
	string: number | null,
	depth: number | null,
	theme: Theme,
): Trace[] {
	if (string === null || depth === null) return [];
	for (const trace of spec.data) {
		const owners = listOf(trace.customdata);
		const index = owners.findIndex(
			(_, i) => at(owners, i, 0) === string && at(owners, i, 1) === depth,
		);
		if (index < 0) continue;
		const place = AXES.filter((axis) => axis in trace).map((axis) => [
			axis,
			[at(trace[axis], index)],
		]);
		const solid = trace.type === "scatter3d";
		const marker = {
			symbol: "circle-open",
			size: solid ? 9 : 16,
			color: ACCENT[theme],
			line: { width: 3, color: ACCENT[theme] },
		};
		return [
			{
				type: trace.type,
				mode: "markers",
				...Object.fromEntries(place),
				marker,
				hoverinfo: "skip",
				showlegend: false,
			},
		];
	}
	return [];
}
