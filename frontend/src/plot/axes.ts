// The axes of a drawing of lines: their ranges, round ticks, and where a value stands. Pure.
import type { Trace } from "../api/figure";
import { tiny } from "../text/numbers";
import { type Box, box, listOf } from "./arrays";
import { brokenTitle, TICK } from "./figure";
import { format, plainText } from "./hover";

/** One axis on the drawing: from `start` on, `length` long, CSS pixels; negative where it runs upwards. */
export interface Axis {
	range: readonly [number, number];
	start: number;
	length: number;
	ticks: { at: number; label: string }[];
	/** In lines. */
	title: string[];
}

const PAD = 0.05; // of a range that the figure leaves open, at its free ends
const FADED = 1e-3; // below this a tick is written with a power of ten

/** Of a trace; NaN where it has no number. */
export const numbersOf = (value: unknown) =>
	listOf(value).map((one) => (typeof one === "number" ? one : Number.NaN));
const finite = (values: readonly number[]) => values.filter(Number.isFinite);

/** Where a value stands on the drawing, CSS pixels. */
export const placeOn = ({ range: [low, high], start, length }: Axis, value: number) =>
	start + ((value - low) / (high - low || 1)) * length;

/** The value at a place on the drawing. */
export const valueAt = ({ range: [low, high], start, length }: Axis, place: number) =>
	low + ((place - start) / length) * (high - low);

export function titleOf(axis: Box, room: number | null): string[] {
	const text = String(box(axis.title).text ?? "");
	return plainBreaks(room === null ? text : brokenTitle(text, room));
}

const plainBreaks = (markup: string) => markup.split("<br>").map(plainText).filter(Boolean);

export function rangeOf(
	axis: Box,
	data: readonly Trace[],
	of: "x" | "y" = "y",
): readonly [number, number] {
	if (Array.isArray(axis.range)) return [Number(axis.range[0]), Number(axis.range[1])];
	const values = finite(data.flatMap((trace) => numbersOf(trace[of])));
	if (!values.length) return [0, 1];
	const [least, most] = [Math.min(...values), Math.max(...values)];
	const zero = axis.rangemode === "tozero";
	const [low, high] = zero ? [Math.min(least, 0), Math.max(most, 0)] : [least, most];
	const pad = PAD * (high - low || Math.abs(high) || 1);
	return [zero && low === 0 ? 0 : low - pad, zero && high === 0 ? 0 : high + pad];
}

/** Round steps of 1, 2 or 5: at most `nticks` of them. */
export function numbered({ nticks = 6, tickformat }: Box, [low, high]: readonly [number, number]) {
	const rough = (high - low) / Number(nticks) || 1;
	const power = 10 ** Math.floor(Math.log10(rough));
	const step = power * ([1, 2, 5].find((times) => times * power >= rough * 0.999) ?? 10);
	const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
	const written = (value: number) => {
		if (typeof tickformat === "string") return signed(value, tickformat);
		if (step < FADED) return tiny(value, 0).replace("-", "−");
		return format(value, `.${places}f`);
	};
	const first = Math.ceil(low / step - 1e-9);
	const count = Math.max(0, Math.floor(high / step + 1e-9) - first + 1);
	return Array.from({ length: count }, (_, i) => (first + i) * step || 0).map((at) => ({
		at,
		label: written(at),
	}));
}

const signed = (value: number, spec: string) =>
	(spec.startsWith("+") && value >= 0 ? "+" : "") + format(value, spec.replace("+", ""));

/** Whole depths, as many as have room. A figure on relative depth says its own step. */
export function depths(axis: Box, [low, high]: readonly [number, number], room: number) {
	const step = Number(axis.dtick ?? 1);
	const fit = step * Math.max(1, Math.ceil((TICK * (high - low)) / Math.max(room, TICK) / step));
	const first = Math.ceil(low / fit - 1e-9);
	const count = Math.floor(high / fit + 1e-9) - first + 1;
	const at = (place: number) => Number(((first + place) * fit).toFixed(6));
	return Array.from({ length: count }, (_, i) => ({
		at: at(i),
		label: String(at(i)).replace("-", "−"),
	}));
}
