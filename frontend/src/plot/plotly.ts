// The only importer of Plotly, loaded when the first chart is drawn.
import type { Trace } from "./figure";

export interface PlotlyPoint {
	curveNumber: number;
	pointNumber: number;
	x: number;
	y: number;
	customdata?: unknown;
	data: Trace;
}

export interface PlotlyElement extends HTMLElement {
	on(name: "plotly_click", take: (event: { points: PlotlyPoint[] }) => void): void;
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
	toImage(element: HTMLElement, options: Record<string, unknown>): Promise<string>;
}

export const CONFIG = {
	displayModeBar: false,
	doubleClick: false,
	responsive: false,
	showTips: false,
};

let loading: Promise<Plotly> | null = null;

/** Starts the download while the first figure is still being asked for. */
export function preloadPlotly(): void {
	loadPlotly().catch(() => undefined); // tried again, and reported, by the chart that needs it
}

/** Plotly, once for the whole page. A failed load (server gone) can be tried again. */
export function loadPlotly(): Promise<Plotly> {
	loading ??= import("plotly.js-cartesian-dist-min")
		.then((module) => module.default as Plotly)
		.catch((error: unknown) => {
			loading = null;
			throw error;
		});
	return loading;
}
