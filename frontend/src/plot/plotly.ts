// The only importer of Plotly, loaded with the first chart that is not lines alone, or the first picture of one; a
// second bundle with the first 3-D one.
import type { FigureSpec, Trace } from "../api/figure";

export interface PlotlyPoint {
	x: number;
	y: number;
	customdata?: unknown;
	text?: unknown;
}

export type PlotlyEvent = "plotly_click" | "plotly_hover" | "plotly_unhover";

export interface PlotlyElement extends HTMLElement {
	on(name: PlotlyEvent, take: (event: { points: PlotlyPoint[] }) => void): void;
	removeAllListeners(name: string): void;
}

export interface Plotly {
	react(
		element: HTMLElement,
		data: Trace[],
		layout: Record<string, unknown>,
		config?: Record<string, unknown>,
	): Promise<PlotlyElement>;
	purge(element: HTMLElement): void;
	toImage(figure: HTMLElement | FigureSpec, options: Record<string, unknown>): Promise<string>;
}

/** In the browser's timeline: a chart has been drawn, anew or again. */
export const DRAWN = "fretboard: drawn";

export const CONFIG = {
	scrollZoom: false, // a wheel over a chart scrolls the page
	displayModeBar: false,
	doubleClick: false,
	responsive: false,
	showTips: false,
};

export type LoadPlotly = () => Promise<Plotly>;

/** The same promise for every caller. A failed load (server gone) can be tried again. */
function once(load: () => Promise<{ default: unknown }>): LoadPlotly {
	let loading: Promise<Plotly> | null = null;
	return () => {
		loading ??= load()
			.then((module) => module.default as Plotly)
			.catch((error: unknown) => {
				loading = null;
				throw error;
			});
		return loading;
	};
}

/** Plotly, once for the whole page. */
export const loadPlotly = once(() => import("plotly.js-cartesian-dist-min"));

/** Plotly with 3-D scatter, which the first bundle lacks. */
export const loadPlotly3d = once(() => import("plotly.js-gl3d-dist-min"));

/** Whether this browser can draw in 3-D. */
export function hasWebgl(): boolean {
	const canvas = document.createElement("canvas");
	return Boolean(canvas.getContext("webgl2") ?? canvas.getContext("webgl"));
}
