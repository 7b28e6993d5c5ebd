// The question of an analysis, asked once more as it was or with one thing changed.
import type { Analysis, Question, SetQuestion, SkipWhen } from "../../api/types";
import { repairText, steeringText } from "../../state/repair";

/** All of a question but its image, as the form holds it. */
export interface Fields {
	prompt: string;
	model: string;
	max_new_tokens: number | null;
	lens: NonNullable<Question["lens"]>;
	skip_layers: string;
	skip_when: SkipWhen;
	continuation: string;
	/** Kind and settings of the repair it is decoded with, such as "deco strength=0.6"; empty: plainly. */
	repair: string;
	/** What is done to the hidden states, such as "red depths=6 strength=1"; empty: nothing. */
	steering: string;
	private: boolean;
}

/** What an analysis was asked. */
export function fieldsOf({ request }: Analysis): Fields {
	const { prompt, model, max_new_tokens, lens, skip_when } = request;
	return {
		prompt,
		model,
		max_new_tokens,
		lens,
		skip_layers: request.skip_layers.join(","),
		skip_when,
		continuation: request.continuation ?? "",
		repair: repairText(request.repair),
		steering: steeringText(request.steering),
		private: request.salt !== null,
	};
}

/** The fields as the API takes them. */
function values(fields: Fields) {
	const { max_new_tokens, ...others } = fields;
	return { ...others, max_new_tokens: max_new_tokens ?? undefined };
}

/** The picture of a question: a file, or the one that an analysis was asked with. */
export type Pictured = Pick<Question, "image" | "image_of">;

/** The one way from fields and a picture to a question. */
export const questionWith = (fields: Fields, picture: Pictured): Question => ({
	...values(fields),
	...picture,
});

/** The same image under the same hash: the same question then has the same address. */
export const pictureOf = ({ id, request }: Analysis): Pictured =>
	request.image ? { image_of: id } : {};

/** The same question of several images. token: the position that is compared. */
export const setQuestionWith = (fields: Fields, images: File[], token: string): SetQuestion => ({
	...values(fields),
	images,
	token,
});

export const questionOf = (analysis: Analysis): Question =>
	questionWith(fieldsOf(analysis), pictureOf(analysis));

export type Change =
	| { kind: "no image" }
	| { kind: "blank image" }
	| { kind: "prompt"; prompt: string }
	| { kind: "repair"; repair: string }
	| { kind: "steer"; steering: string }
	| { kind: "model"; model: string }
	| { kind: "skip"; layers: string; when: SkipWhen };

const GREY = "#808080";

/** A grey picture, as PNG. */
function blank(width: number, height: number): Promise<Blob> {
	const canvas = Object.assign(document.createElement("canvas"), { width, height });
	const pen = canvas.getContext("2d");
	if (pen) {
		pen.fillStyle = GREY;
		pen.fillRect(0, 0, width, height);
	}
	return new Promise((resolve, reject) => {
		const take = (blob: Blob | null) =>
			blob ? resolve(blob) : reject(new Error("This browser could not draw a blank image."));
		canvas.toBlob(take, "image/png");
	});
}

/** force: the analysis's own answer is given to the model, so that the tokens of both align. */
export async function changed(
	analysis: Analysis,
	change: Change,
	force: boolean,
): Promise<Question> {
	const question = questionOf(analysis);
	if (change.kind === "repair") return { ...question, repair: change.repair };
	if (change.kind === "steer") return { ...question, steering: change.steering };
	if (change.kind === "model") Object.assign(question, { model: change.model, skip_layers: "" }); // its layers are others
	if (force) question.continuation = analysis.answer ?? "";
	if (change.kind === "skip")
		return { ...question, skip_layers: change.layers, skip_when: change.when };
	if (change.kind === "prompt") return { ...question, prompt: change.prompt };
	if (change.kind === "model") return question;
	const { image } = analysis.request;
	const other = change.kind === "blank image" && image;
	const grey = other ? await blank(image.width, image.height) : null;
	return { ...question, image: grey, image_of: null };
}
