import { describe, expect, it } from "vitest";
import type { RunEvent } from "../api/events";
import { idle, reduce } from "./run";

const token = (index: number, text: string): RunEvent => ({
	kind: "token",
	index,
	id: index,
	text,
	probability: 0.5,
});
const fold = (...events: RunEvent[]) => events.reduce(reduce, idle);

describe("run", () => {
	it("collects tokens in order, whatever order they come in", () => {
		const state = fold(token(0, "A"), token(2, " square"), token(1, " red"));
		expect(state.tokens.map((one) => one.text)).toEqual(["A", " red", " square"]);
		expect(state.status).toBe("running");
	});

	it("takes a token again after a reconnect without doubling it", () => {
		expect(
			fold(token(0, "A"), token(1, " red"), token(0, "A"), token(1, " red")).tokens,
		).toHaveLength(2);
	});

	it("keeps the last message while a status has none", () => {
		const status = {
			kind: "status",
			status: "running",
			stage: null,
			tokens: 0,
			max_new_tokens: 64,
		} as const;
		const state = fold(
			{ ...status, message: "Generating", progress: 0.1 },
			{ ...status, message: null, progress: 0.2 },
		);
		expect(state).toMatchObject({ message: "Generating", progress: 0.2, maxNewTokens: 64 });
	});

	it("keeps what was said when the run fails", () => {
		const state = fold(token(0, "A"), {
			kind: "failed",
			title: "Out of memory",
			detail: "Use fewer tokens.",
		});
		expect(state.status).toBe("failed");
		expect(state.error?.detail).toBe("Use fewer tokens.");
		expect(state.tokens).toHaveLength(1);
	});

	it("is done at the end", () => {
		expect(fold(token(0, "A"), { kind: "done", id: "x" })).toMatchObject({
			status: "done",
			progress: 1,
		});
	});
});
