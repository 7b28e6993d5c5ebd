// Patches on the picture: their colours, and how the arrow keys move from one to the next. Pure.

import type { Step } from "../../state/selection";
import { percent } from "../../text/numbers";
import type { Scale } from "../../ui/ColorBar.svelte";

/** left, top, right, bottom as shares of the picture's sides. */
export type Rectangle = readonly [number, number, number, number];

/** A patch that has a place, with its index among all image positions. */
export interface Placed {
	index: number;
	rectangle: Rectangle;
}

/** Cividis, as the figures use it. */
const STOPS = [
	"#00224e", "#123570", "#3b496c", "#575d6d", "#707173",
	"#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838",
].map((hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16))); // biome-ignore format: a scale

const css = (channels: readonly number[]) => `rgb(${channels.map(Math.round).join(" ")})`;

/** The colour of a share of the scale, 0 … 1. */
export function colorAt(share: number): string {
	const place = Math.min(Math.max(share, 0), 1) * (STOPS.length - 1);
	const low = STOPS[Math.floor(place)] ?? [];
	const high = STOPS[Math.ceil(place)] ?? low;
	return css(low.map((from, channel) => from + ((high[channel] ?? from) - from) * (place % 1)));
}

/** Nothing covers nothing: zero leaves the picture as it is. */
export const opacityAt = (share: number) => 0.72 * Math.min(Math.max(share, 0), 1) ** 0.4;

/** The bar of a scale from 0 to `most`, a probability. */
export function barTo(most: number, title: string): Scale {
	const stops = STOPS.map((stop, at) => `${css(stop)} ${(100 * at) / (STOPS.length - 1)}%`);
	return {
		title,
		gradient: `linear-gradient(to right, ${stops.join(", ")})`,
		ticks: [0, 0.5, 1].map((at) => ({ at, label: at === 0 ? "0" : percent(at * most) })),
	};
}

const middle = ({ rectangle: [left, top, right, bottom] }: Placed) =>
	[(left + right) / 2, (top + bottom) / 2] as const;

/** The nearest patch in the direction of an arrow key; the same one at the picture's edge. */
export function neighbour(patches: readonly Placed[], from: number, step: Step): number {
	const start = patches.find(({ index }) => index === from) ?? patches[0];
	if (!start) return from;
	if (step === "first" || step === "last")
		return (step === "first" ? patches[0] : patches.at(-1))?.index ?? from;
	const [x, y] = middle(start);
	const across = step === "left" || step === "right";
	const sign = step === "left" || step === "up" ? -1 : 1;
	let best = { index: start.index, far: Number.POSITIVE_INFINITY };
	for (const patch of patches) {
		const [px, py] = middle(patch);
		const ahead = sign * (across ? px - x : py - y);
		const aside = Math.abs(across ? py - y : px - x);
		const far = ahead + 8 * aside; // straight on before askew
		if (ahead > 1e-6 && far < best.far) best = { index: patch.index, far };
	}
	return best.index;
}
