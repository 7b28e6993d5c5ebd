// Server-sent events of one analysis, image set or causal test, as typed values.
import { eventsUrl, type Owner } from "./client";
import type { Status } from "./types";

export interface RunToken {
	index: number;
	id: number;
	text: string;
	probability: number;
}

/** Of an analysis. */
export type RunEvent =
	| {
			kind: "status";
			status: Status;
			stage: string | null;
			message: string | null;
			progress: number | null;
			tokens: number;
			max_new_tokens: number;
			/** 1 = next; while it waits for its turn. */
			position?: number;
			expected_seconds?: number | null;
	  }
	| ({ kind: "token" } & RunToken)
	| { kind: "done"; id: string }
	| { kind: "failed"; title: string; detail: string };

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

export interface Events {
	analyses: RunEvent;
	trajectories: SetEvent;
	experiments: TestEvent;
}

/**
 * Follows a record until it is done or failed. The browser reconnects by itself; `lost` is called
 * when it has given up, so that the caller can ask for the document instead.
 */
export function follow<O extends Owner>(
	owner: O,
	id: string,
	take: (event: Events[O]) => void,
	lost: () => void,
): () => void {
	const source = new EventSource(eventsUrl(owner, id));
	for (const kind of NAMES) {
		source.addEventListener(kind, ({ data }: MessageEvent<string>) => {
			const event = parse<Events[O]>(kind, data);
			if (event) take(event);
			if (kind === "done" || kind === "failed") source.close();
		});
	}
	source.addEventListener("error", () => {
		if (source.readyState === EventSource.CLOSED) lost();
	});
	return () => source.close();
}

function parse<T>(kind: string, text: string): T | null {
	try {
		return { ...JSON.parse(text), kind };
	} catch {
		return null;
	}
}
