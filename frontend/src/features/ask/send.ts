// Asks, notes it in this browser's list, and goes to what was asked.
import { api, trouble } from "../../api/client";
import type { Analysis, Question, SetQuestion } from "../../api/types";
import { history } from "../../state/history.svelte";
import { page } from "../../state/page.svelte";
import { type Selection, setAddress } from "../../state/permalink";
import { draft } from "./draft.svelte";
import { type Change, changed } from "./question";

/** Asks a question and gives the id of its analysis. Throws ApiError when the server refuses it. */
export async function send(question: Question): Promise<string> {
	const { id } = await api.ask(question);
	const image = Boolean(question.image ?? question.image_of);
	history.note({ id, prompt: question.prompt ?? "", image });
	return id;
}

/** Sends the draft and goes to its analysis. Throws as `send`. */
export async function sendDraft(): Promise<void> {
	draft.touched = false; // what is changed from here on belongs to the next question
	try {
		page.open(await send(await draft.question()));
	} catch (error) {
		draft.touched = true;
		throw error;
	}
}

/** Asks the question of a failed analysis once more. */
export async function sendAgain(): Promise<void> {
	try {
		await sendDraft();
	} catch (error) {
		page.first.failure = trouble(error);
	}
}

/** Asks one question of several images and goes to the set, a page of its own. */
export async function sendSet(question: SetQuestion): Promise<void> {
	const { id } = await api.askSet(question);
	history.note({ id, prompt: question.prompt ?? "", image: false, set: true });
	location.assign(setAddress(id));
}

/** Goes to an analysis, whose question the form then takes over. */
export function visit(id: string): void {
	draft.touched = false;
	const { document } = page.first;
	if (document?.id === id) draft.fromAnalysis(document);
	page.open(id);
}

/** The same question with one change, beside the answer it is compared with. selection: as shown. Throws as `send`. */
export async function askBeside(analysis: Analysis, selection: Selection, change: Change) {
	const id = await send(await changed(analysis, change, false));
	page.open(analysis.id, { ...selection, range: null }, { id, token: null, lens: selection.lens });
}
