// A figure's numbers as a table and in a sentence, for who does not look at the drawing. Pure.
import type { FigureSpec, Trace } from "../api/figure";
import { at, listOf } from "./arrays";
import { format, plainText } from "./hover";

export interface Table {
	head: string[];
	rows: string[][];
}

const number = (value: unknown) =>
	typeof value === "number" && Number.isFinite(value) ? format(value, ".3g") : "–";
const nameOf = (trace: Trace) => plainText(String(trace.name ?? ""));

/** Lines over a number, such as the depth. */
const lines = ({ data }: FigureSpec) =>
	data.filter((trace) => trace.name && String(trace.mode ?? "").includes("lines"));

function ofLines(traces: readonly Trace[], title: string): Table {
	const x = [...new Set(traces.flatMap((trace) => listOf(trace.x).map(Number)))].sort(
		(a, b) => a - b,
	);
	const columns = traces.map((trace) => {
		const y = listOf(trace.y);
		return new Map(listOf(trace.x).map((value, index) => [Number(value), y[index]]));
	});
	return {
		head: [title, ...traces.map(nameOf)],
		rows: x.map((value) => [number(value), ...columns.map((column) => number(column.get(value)))]),
	};
}

/** Of a map: its points. */
function ofPoints(data: readonly Trace[]): Table {
	const axes = ["x", "y", "z"].filter((axis) => data.some((trace) => axis in trace));
	const rows = data
		.filter((trace) => trace.meta?.part === "points")
		.flatMap((trace) =>
			listOf(trace.text).map((text, i) => [
				plainText(String(text)),
				String(at(listOf(trace.customdata), i, 1) ?? ""),
				...axes.map((axis) => number(listOf(trace[axis])[i])),
			]),
		);
	return { head: ["path", "depth", ...axes], rows };
}

export function tableOf(spec: FigureSpec): Table {
	const traces = lines(spec);
	const axis = spec.layout.xaxis as { title?: { text?: string } } | undefined;
	return traces.length ? ofLines(traces, axis?.title?.text ?? "x") : ofPoints(spec.data);
}

/** Where each line begins, ends and is highest. */
export function summaryOf(spec: FigureSpec): string {
	return lines(spec)
		.map((trace) => {
			const [x, y] = [listOf(trace.x), listOf(trace.y).map(Number)];
			const top = y.indexOf(Math.max(...y));
			return `${nameOf(trace)}: ${number(y[0])} at ${number(x[0])}, ${number(y.at(-1))} at ${number(x.at(-1))}, most ${number(y[top])} at ${number(x[top])}.`;
		})
		.join(" ");
}
