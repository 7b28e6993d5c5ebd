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
	const axes = Object.keys(layout).filter((key) => /^[xy]axis/.test(key));
	const titled = axes.map((key) => {
		const axis = box(layout[key]);
		return [key, { ...axis, title: { ...box(axis.title), font: { size: 14 } } }];
	});
	return {
		data,
		layout: { ...layout, ...Object.fromEntries(titled), ...sizeOf(layout.meta ?? {}), ...white },
	};
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

type Cell = string | number;
type Box = Record<string, unknown>;
const box = (value: unknown): Box =>
	typeof value === "object" && value !== null ? (value as Box) : {};
const ENTITIES: Record<string, string> = { lt: "<", gt: ">", quot: '"', "#x27": "'", amp: "&" };
const plain = (text: unknown) =>
	String(text ?? "")
		.replace(/<br>/g, " ")
		.replace(/<[^>]*>/g, "")
		.replace(/&(lt|gt|quot|#x27|amp);/g, (_, name: string) => ENTITIES[name] ?? "")
		.trim();
const cell = (value: unknown): Cell =>
	typeof value === "number" ? (Number.isFinite(value) ? value : "") : plain(value);

function quoted(value: Cell): string {
	const text = String(value);
	return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

/** Names of the columns: the titles of the axes. */
function titles({ data, layout }: FigureSpec): string[] {
	const scene = box(layout.scene ?? layout);
	const bar = data.map((trace) => box(trace.colorbar).title).find(Boolean);
	const named = (axis: string, title: unknown) => plain(box(title).text) || axis;
	const [x, y, z] = ["x", "y", "z"].map((axis) =>
		named(axis, box(scene[`${axis}axis`]).title ?? bar),
	);
	return ["series", `${x}`, `${x}: text`, `${y}`, `${z}`, "text", "depth"];
}

/** (series, x, x in words, y, z, text, depth) of every point or cell of a trace. */
function rowsOf(trace: Trace, layout: FigureSpec["layout"]): Cell[][] {
	const [x, y, z, text] = [trace.x, trace.y, trace.z, trace.text].map(listOf) as unknown[][];
	const labels = listOf(box(layout.xaxis).ticktext);
	const points = trace.meta?.part === "points";
	const row = (column: number, ...rest: unknown[]) =>
		[trace.name, at(x, column) ?? column, labels[column], ...rest].map(cell);
	if (trace.type !== "heatmap")
		return (y ?? []).map((value, place) =>
			row(
				place,
				value,
				at(z, place),
				at(text, place),
				points ? at(trace.customdata, place, 1) : null,
			),
		);
	return (z ?? []).flatMap((values, line) =>
		(values as unknown[]).map((value, column) =>
			row(column, at(y, line) ?? line, value, at(text, line, column), null),
		),
	);
}

/** The numbers on show, a row a point; columns without any value are left out. */
export async function csv({ request, seen }: Shown): Promise<string> {
	const shown = seen(await asked(request));
	// A map's paths and rings go through its points again.
	const visible = shown.data.filter(
		({ visible, meta }) => visible !== false && (meta?.part ?? "points") === "points",
	);
	const rows = visible.flatMap((trace) => rowsOf(trace, shown.layout));
	const columns = titles(shown).map((name, place) => [
		name,
		...rows.map((row) => row[place] ?? ""),
	]);
	const kept = columns.filter(([, ...values]) => values.some((value) => value !== ""));
	const lines = [null, ...rows].map((_, line) =>
		kept.map((column) => quoted(column[line] ?? "")).join(","),
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
