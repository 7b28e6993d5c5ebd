// What figures need of the page's colours, which stand in app.css, where a test holds them together; a
// figure's own scale as 256 colours.
import type { Theme } from "../state/theme.svelte";

export const INK: Record<Theme, string> = { light: "#1d1b18", dark: "#ece9e2" };
export const ACCENT: Record<Theme, string> = { light: "#9a6b1f", dark: "#d9a441" };

export interface Palette {
	/** Red, green, blue, opacity of each of 256 colours. */
	channels: Uint8ClampedArray;
	color: (place: number) => string;
	/** The colour of letters that are read best on it. */
	letters: (place: number) => string;
}

export const DARK = "#12100d";
export const LIGHT = "#ffffff";
const PLACES = 256;
const EVEN = 0.179; // relative luminance on which black and white have the same contrast

function luminance(channels: readonly number[]): number {
	const [r = 0, g = 0, b = 0] = channels.map((channel) => {
		const share = channel / 255;
		return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** The colours of a Plotly colour scale, as the browser itself mixes them. */
export function paletteOf(stops: readonly (readonly [number, string])[], turned: boolean): Palette {
	const canvas = Object.assign(document.createElement("canvas"), { width: PLACES, height: 1 });
	const pen = canvas.getContext("2d");
	const gradient = pen?.createLinearGradient(turned ? PLACES : 0, 0, turned ? 0 : PLACES, 0);
	for (const [at, color] of stops) gradient?.addColorStop(at, color);
	if (pen && gradient) {
		pen.fillStyle = gradient;
		pen.fillRect(0, 0, PLACES, 1);
	}
	const channels = pen?.getImageData(0, 0, PLACES, 1).data ?? new Uint8ClampedArray(4 * PLACES);
	const rgb = (place: number) => [...channels.subarray(4 * place, 4 * place + 3)];
	return {
		channels,
		color: (place) => `rgb(${rgb(place).join(" ")})`,
		letters: (place) => (luminance(rgb(place)) < EVEN ? LIGHT : DARK),
	};
}
