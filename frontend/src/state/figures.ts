// The figures of an analysis as the page asks for them. What is at its default is left to the server.

import type { FigureRequest } from "../api/client";
import type { Analysis } from "../api/types";
import type { Selection } from "./permalink";
import { figureValues, type Neighbour, type StageChoice } from "./reading";

export interface Figured {
	analysis: Pick<Analysis, "id">;
	selection: Selection;
	stages: StageChoice;
	theme: string;
	beside: Neighbour | null;
}

const chosen = ({ lens, sublayers }: Selection) => ({ lens, sublayers });

const request = (name: string, values: FigureRequest["values"], asked: Figured): FigureRequest => ({
	id: asked.analysis.id,
	name,
	values: { ...values, ...figureValues({ ...asked, ...chosen(asked.selection) }) },
});

export function boardFigure(asked: Figured): FigureRequest {
	const { quantity, divergence, scaling: scale } = asked.selection;
	return request("fretboard", { quantity, divergence, scale }, asked);
}

export function competitionFigure(asked: Figured): FigureRequest {
	const { token, words } = asked.selection;
	return request("competition", { token: token ?? 0, word: words }, { ...asked, beside: null });
}

export function divergenceFigure(asked: Figured): FigureRequest {
	const { token, divergence, scaling: scale } = asked.selection;
	return request("divergence", { token: token ?? 0, divergence, scale }, asked);
}

/** Of both sides, at the tokens selected there. */
export function competitionsFigure(asked: Figured): FigureRequest {
	const { token, words } = asked.selection;
	const other = asked.beside?.token ?? token;
	return request("both-competitions", { token: token ?? 0, other, word: words }, asked);
}

export function profileFigure(asked: Figured): FigureRequest {
	const { profile: quantity, divergence } = asked.selection;
	return request("profile", { quantity, divergence }, asked);
}
