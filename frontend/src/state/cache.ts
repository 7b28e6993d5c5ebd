// Figures already fetched in this visit, so that going back to a cell draws at once.
import { api, type FigureRequest } from "../api/client";
import type { FigureSpec } from "../api/figure";

const MOST = 60;
const known = new Map<string, FigureSpec>();
/** Asked for before the view that draws it is here. */
const ahead = new Map<string, Promise<FigureSpec>>();

const keyOf = (request: FigureRequest) => JSON.stringify(request);

export function askAhead(request: FigureRequest): void {
	const coming = api.figure(request);
	coming.catch(() => undefined); // reported by the view that draws it
	ahead.set(keyOf(request), coming);
}

export async function figure(request: FigureRequest, signal: AbortSignal): Promise<FigureSpec> {
	const key = keyOf(request);
	const coming = ahead.get(key);
	ahead.delete(key);
	const spec = known.get(key) ?? (await (coming ?? api.figure(request, signal)));
	known.delete(key);
	known.set(key, spec);
	const oldest = known.keys().next().value;
	if (known.size > MOST && oldest !== undefined) known.delete(oldest);
	return spec;
}
