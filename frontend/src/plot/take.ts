// A chart as files: pictures on paper, the numbers on show, the figure itself, the Python that draws it.

import { type FigureRequest, query } from "../api/client";
import type { FigureSpec, Trace } from "../api/figure";
import { at, listOf } from "./arrays";
import { figure } from "./cache";
import type { LoadPlotly } from "./plotly";

/** A chart on show. */
export interface Shown {
	/** As in links and file names. */
	chart: string;
	request: FigureRequest;
	/** What of the figure is seen, such as the depths that a map has grown to. */
	seen: (spec: FigureSpec) => FigureSpec;
	load: LoadPlotly;
}

const PAPER = { width: 640, height: 400 }; // CSS pixels: 480 pt, a text's width
const SQUARE = 560; // height of a map
const CELL = { width: 46, height: 30 }; // of a heatmap: holds seven letters
const FRAME = { width: 190, height: 130 }; // around its cells
const WIDEST = 2400;
const SHARP = 3; // pixels of a PNG for one of the page: 288 dpi
const FACES = [
	[/'Source Sans 3[^"]*/g, "Helvetica, Arial, sans-serif"],
	[/'IBM Plex Mono[^"]*/g, "Menlo, Consolas, DejaVu Sans Mono, monospace"],
] as const;

/** The figure, as a rule from what the page already has. */
const asked = (request: FigureRequest) => figure(request, new AbortController().signal);

/** On paper: light, on white, of fixed size, in faces that every machine has. */
async function onPaper({ request, seen }: Shown): Promise<FigureSpec> {
	const values = { ...request.values, theme: "light" };
	const spec = seen(await asked({ ...request, values }));
	const text = FACES.reduce(
		(json, [face, plain]) => json.replace(face, plain),
		JSON.stringify(spec),
	);
	const { data, layout } = JSON.parse(text) as FigureSpec;
	const white = { paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff", autosize: false };
	return { data, layout: { ...layout, ...sizeOf(layout.meta ?? {}), ...white } };
}

function sizeOf(meta: Record<string, unknown>): { width: number; height: number } {
	if (Array.isArray(meta.size))
		return { width: Number(meta.size[0]), height: Number(meta.size[1]) };
	if (meta.axis === "map") return { width: PAPER.width, height: SQUARE };
	if (!meta.columns) return PAPER;
	const wide = FRAME.width + CELL.width * Number(meta.columns);
	return {
		width: Math.min(Math.max(wide, PAPER.width), WIDEST),
		height: FRAME.height + CELL.height * Number(meta.rows),
	};
}

export async function picture(shown: Shown, format: "png" | "svg"): Promise<Blob> {
	const [plotly, spec] = await Promise.all([shown.load(), onPaper(shown)]);
	const { width, height } = spec.layout;
	const options = {
		format,
		width,
		height,
		scale: format === "png" ? SHARP : 1,
		imageDataOnly: true,
	};
	const drawn = await plotly.toImage(spec, options);
	if (format === "svg") return new Blob([drawn], { type: "image/svg+xml" });
	const bytes = Uint8Array.from(atob(drawn), (character) => character.charCodeAt(0));
	return new Blob([bytes], { type: "image/png" });
}

type Cell = string | number | null;
const plain = (text: unknown) =>
	String(text ?? "")
		.replace(/<br>/g, " ")
		.replace(/<[^>]*>/g, "")
		.trim();
const cell = (value: unknown): Cell =>
	typeof value === "number" ? (Number.isFinite(value) ? value : null) : plain(value);

function quoted(value: Cell): string {
	const text = value === null ? "" : String(value);
	return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

/** Titles of the axes, as names of columns. */
function titles({ data, layout }: FigureSpec): string[] {
	const scene = (layout.scene ?? layout) as Record<string, { title?: { text?: string } }>;
	const bar = data.find((trace) => trace.colorbar)?.colorbar as
		| { title?: { text?: string } }
		| undefined;
	const named = (axis: "x" | "y" | "z") =>
		plain(scene[`${axis}axis`]?.title?.text ?? (axis === "z" ? bar?.title?.text : "")) || axis;
	return ["series", named("x"), named("y"), named("z"), "text", "depth"];
}

/** (series, x, y, z, text, depth) of every point or cell of a trace. */
function rowsOf(trace: Trace, layout: FigureSpec["layout"], place: number): Cell[][] {
	const series =
		plain(trace.name) ||
		`${trace.meta?.part ?? trace.type ?? "trace"} ${trace.meta?.string ?? place}`;
	const [x, y, z, text] = [trace.x, trace.y, trace.z, trace.text].map(listOf);
	const depths = trace.meta?.part === "points";
	if (trace.type !== "heatmap")
		return (y ?? []).map((value, index) =>
			[
				series,
				at(x, index) ?? index,
				value,
				at(z, index),
				at(text, index),
				depths ? at(trace.customdata, index, 1) : null,
			].map(cell),
		);
	const labels = listOf((layout.xaxis as Record<string, unknown>)?.ticktext);
	return (z ?? []).flatMap((row, depth) =>
		(row as unknown[]).map((value, column) =>
			[
				series,
				at(x, column) ?? column,
				at(y, depth) ?? depth,
				value,
				at(text, depth, column) ?? at(labels, column),
			].map(cell),
		),
	);
}

/** The numbers on show, a row a point; columns without any value are left out. */
export async function csv({ request, seen }: Shown): Promise<string> {
	const shown = seen(await asked(request));
	// A map's paths and rings go through its points again.
	const visible = shown.data.filter(
		(trace) =>
			trace.visible !== false && ["points", undefined].includes(trace.meta?.part as undefined),
	);
	const rows = visible.flatMap((trace, place) => rowsOf(trace, shown.layout, place));
	const kept = [0, 1, 2, 3, 4, 5].filter((column) =>
		rows.some((row) => row[column] !== null && row[column] !== ""),
	);
	const lines = [titles(shown), ...rows].map((row) =>
		kept.map((column) => quoted(row[column] ?? null)).join(","),
	);
	return `${lines.join("\n")}\n`;
}

export const json = async ({ request, seen }: Shown) => JSON.stringify(seen(await asked(request)));

const OF_FIGURE = ["theme", "quantity", "token", "word", "beside", "beside_lens", "color_by"];

/** The Python that opens the record on this server and draws the figure; `link`: of the page. */
export async function python({ request }: Shown, link: string): Promise<string> {
	const { origin } = window.location;
	const { owner = "analyses", id, values } = request;
	const reading = Object.entries(values).filter(([name]) => !OF_FIGURE.includes(name));
	const open = (which: string, lens = {}) =>
		`server.open("${origin}/a/${which}${query({ ...Object.fromEntries(reading), ...lens })}")`;
	const opened = {
		analyses: `a = ${open(id)}`,
		trajectories: `s = server.image_set("${link}")`,
		experiments: `t = server.test("${id}")`,
	}[owner];
	const beside = values.beside
		? [`b = ${open(String(values.beside), { lens: values.beside_lens })}`, "c = fb.compare(a, b)"]
		: [];
	const call = String((await asked(request)).layout.meta?.python ?? "");
	return [
		"import fretboard as fb",
		"",
		`server = fb.connect("${origin}")`,
		opened,
		...beside,
		call,
		"",
	].join("\n");
}
