// What is known of a running analysis, folded from its events. Pure: events may repeat after a reconnect.
import type { RunEvent, RunToken } from "../api/events";
import type { Status } from "../api/types";

export interface RunState {
	status: Status;
	message: string;
	progress: number | null;
	/** In line, 1 = next; null once it runs. */
	position: number | null;
	/** Until its turn, as recent runs make it; null while none was measured. */
	expectedSeconds: number | null;
	tokens: RunToken[];
	maxNewTokens: number | null;
	error: { title: string; detail: string } | null;
}

export const idle: RunState = {
	status: "queued",
	message: "Waiting for the model",
	progress: null,
	position: null,
	expectedSeconds: null,
	tokens: [],
	maxNewTokens: null,
	error: null,
};

function withToken(state: RunState, token: RunToken): RunState {
	const tokens = state.tokens.filter((known) => known.index !== token.index);
	tokens.push(token);
	tokens.sort((a, b) => a.index - b.index);
	return { ...state, status: "running", position: null, expectedSeconds: null, tokens };
}

/** The state after one event. Token events replace an earlier one of the same index. */
export function reduce(state: RunState, event: RunEvent): RunState {
	switch (event.kind) {
		case "status":
			return {
				...state,
				status: event.status,
				message: event.message ?? state.message,
				progress: event.progress,
				position: event.position ?? null,
				expectedSeconds: event.expected_seconds ?? null,
				maxNewTokens: event.max_new_tokens ?? state.maxNewTokens,
			};
		case "token": {
			const { index, id, text, probability } = event;
			return withToken(state, { index, id, text, probability });
		}
		case "done":
			return { ...state, status: "done", progress: 1 };
		case "failed":
			return { ...state, status: "failed", error: { title: event.title, detail: event.detail } };
	}
}
