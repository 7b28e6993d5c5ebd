// The selection as marks on a figure. The figure itself stays as Python made it.
import type { Theme } from "../state/theme.svelte";
import { ACCENT } from "./palette";

type Shape = Record<string, unknown>;

/** A vertical line at the selected depth, for figures with depth on x. */
export function depthLine(depth: number | null, theme: Theme): Shape[] {
	if (depth === null) return [];
	const line = { color: ACCENT[theme], width: 1.5 };
	return [{ type: "line", xref: "x", yref: "paper", x0: depth, x1: depth, y0: 0, y1: 1, line }];
}
