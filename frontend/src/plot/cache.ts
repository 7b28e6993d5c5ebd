// Figures already fetched in this visit, so that going back to a cell draws at once.
import { api, type FigureRequest } from "../api/client";
import type { FigureSpec } from "../api/figure";

const MOST = 60;
const known = new Map<string, FigureSpec>();

export const keyOf = (request: FigureRequest) => JSON.stringify(request);

export const knownFigure = (request: FigureRequest) => known.get(keyOf(request)) ?? null;

export async function figure(request: FigureRequest, signal: AbortSignal): Promise<FigureSpec> {
	const key = keyOf(request);
	const spec = known.get(key) ?? (await api.figure(request, signal));
	known.delete(key);
	known.set(key, spec);
	const oldest = known.keys().next().value;
	if (known.size > MOST && oldest !== undefined) known.delete(oldest);
	return spec;
}
