// Server-sent events of one analysis, as typed values.
import type { RunEvent } from "../state/run";
import { eventsUrl } from "./client";

const NAMES = ["status", "token", "done", "failed"] as const;

function parse(kind: (typeof NAMES)[number], text: string): RunEvent | null {
	try {
		return { ...JSON.parse(text), kind } as RunEvent;
	} catch {
		return null;
	}
}

/**
 * Follows an analysis until it is done or failed. The browser reconnects by itself; `lost` is called
 * when it has given up, so that the caller can ask for the document instead.
 */
export function follow(id: string, take: (event: RunEvent) => void, lost: () => void): () => void {
	const source = new EventSource(eventsUrl(id));
	for (const kind of NAMES) {
		source.addEventListener(kind, (message) => {
			const event = parse(kind, (message as MessageEvent<string>).data);
			if (event) take(event);
			if (kind === "done" || kind === "failed") source.close();
		});
	}
	source.addEventListener("error", () => {
		if (source.readyState === EventSource.CLOSED) lost();
	});
	return () => source.close();
}
