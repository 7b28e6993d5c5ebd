// A chart as a picture on paper. The browser that shows the chart draws it.
import type { FigureRequest } from "../api/client";
import type { FigureSpec } from "../api/figure";
import { figure } from "../state/cache";
import type { LoadPlotly } from "./plotly";

const SHARP = 3; // pixels of a PNG for one of the page: 288 dpi
const FACES = [
	[/'Source Sans 3[^"]*/g, "Helvetica, Arial, sans-serif"],
	[/'IBM Plex Mono[^"]*/g, "Menlo, Consolas, DejaVu Sans Mono, monospace"],
] as const;
const WHITE = { paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff", autosize: false };

/** Light, on white, of the figure's own size, in faces that every machine has. */
export async function picture(
	request: FigureRequest,
	load: LoadPlotly,
	format: "png" | "svg",
): Promise<Blob> {
	const values = { ...request.values, theme: "light" };
	const asked = figure({ ...request, values }, new AbortController().signal);
	const [plotly, spec] = await Promise.all([load(), asked]);
	const plain = FACES.reduce(
		(json, [face, other]) => json.replace(face, other),
		JSON.stringify(spec),
	);
	const { data, layout } = JSON.parse(plain) as FigureSpec;
	const [width, height] = (layout.meta?.size ?? [640, 400]) as [number, number];
	const scale = format === "png" ? SHARP : 1;
	const options = { format, width, height, scale, imageDataOnly: true };
	const drawn = await plotly.toImage({ data, layout: { ...layout, ...WHITE } }, options);
	if (format === "svg") return new Blob([drawn], { type: "image/svg+xml" });
	const bytes = Uint8Array.from(atob(drawn), (character) => character.charCodeAt(0));
	return new Blob([bytes], { type: "image/png" });
}
