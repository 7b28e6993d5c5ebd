// What the address said when the page was opened: the chart that the link leads to, alone where it is embedded.

const opened = new URLSearchParams(globalThis.location?.search ?? "");

export const linked = {
	/** Its name. */
	chart: opened.get("chart"),
	/** In a frame of another site: that chart and nothing else. */
	alone: opened.get("embed") === "1" && opened.has("chart"),
};

/** A link to one chart of the page at `link`; as a frame, in a theme. */
export function chartLink(link: string, chart: string, theme?: string): string {
	const url = new URL(link);
	url.searchParams.set("chart", chart);
	if (theme) {
		url.searchParams.set("embed", "1");
		url.searchParams.set("theme", theme);
	}
	return url.href;
}
