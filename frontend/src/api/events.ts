// Server-sent events of one analysis, image set or causal test, as typed values.
import type { RunEvent } from "../state/run";
import { eventsUrl, type Owner } from "./client";

const NAMES = ["status", "token", "progress", "done", "failed"] as const;

/** Of an image set: how many of its images are analysed. */
export interface SetEvent {
	kind: (typeof NAMES)[number];
	done: number;
	failed: number;
	total: number;
}

/** Of a causal test: what is being done, and the share that is. */
export interface TestEvent {
	kind: (typeof NAMES)[number];
	message?: string;
	share?: number;
}

function parse<T>(kind: (typeof NAMES)[number], text: string): T | null {
	try {
		return { ...JSON.parse(text), kind } as T;
	} catch {
		return null;
	}
}

/**
 * Follows an analysis until it is done or failed. The browser reconnects by itself; `lost` is called
 * when it has given up, so that the caller can ask for the document instead.
 */
export function follow(id: string, take: (event: RunEvent) => void, lost: () => void): () => void {
	return listen(id, "analyses", take, lost);
}

/** The same for an image set. */
export function followSet(id: string, take: (event: SetEvent) => void, lost: () => void) {
	return listen(id, "trajectories", take, lost);
}

/** The same for a causal test. */
export function followTest(id: string, take: (event: TestEvent) => void, lost: () => void) {
	return listen(id, "experiments", take, lost);
}

function listen<T>(id: string, owner: Owner, take: (event: T) => void, lost: () => void) {
	const source = new EventSource(eventsUrl(id, owner));
	for (const kind of NAMES) {
		source.addEventListener(kind, (message) => {
			const event = parse<T>(kind, (message as MessageEvent<string>).data);
			if (event) take(event);
			if (kind === "done" || kind === "failed") source.close();
		});
	}
	source.addEventListener("error", () => {
		if (source.readyState === EventSource.CLOSED) lost();
	});
	return () => source.close();
}
