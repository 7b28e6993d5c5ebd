// The API's shapes under the names that the page uses. They come from the generated schema.
import type { components } from "./schema.gen";

type Schemas = components["schemas"];

export type Analysis = Schemas["Analysis"];
export type CausalTest = Schemas["CausalTest"];
export type Divergence = Schemas["Divergence"];
export type Flag = Schemas["Flag"];
export type GalleryEntry = Schemas["Example"];
export type ImageSet = Schemas["SetView"];
export type Kind = Schemas["Kind"];
export type Lens = Schemas["Lens"];
export type ListedTest = Schemas["ListedTest"];
export type MapPresets = Schemas["MapPresets"];
export type MapProgress = Schemas["MapProgress"];
export type MapStability = Schemas["MapStability"];
export type Member = Schemas["MemberView"];
export type Missing = Schemas["Missing"];
export type ModelState = Schemas["ServedModel"];
export type Reachable = Schemas["Reachable"];
export type PatchGrid = Schemas["PatchGrid"];
export type PatchWords = Schemas["PatchWords"];
export type PresetLayers = Schemas["PresetLayers"];
export type Repair = Schemas["Repair"];
export type RepairChoice = Schemas["RepairChoice"];
export type Reversal = Schemas["TokenReversal"];
export type Scaling = Schemas["Scaling"];
export type Session = Schemas["SignInState"];
export type SkipWhen = Schemas["SkipWhen"];
export type SteerDirection = Schemas["SteerDirection"];
export type Steering = Schemas["Steering"];
export type StageMethod = Schemas["StageMethod"];
export type Stages = Schemas["Stages"];
export type Status = Schemas["Status"];
export type Token = Schemas["Token"];
export type WordCurve = Schemas["WordCurve"];
export type WorldSet = Schemas["WorldSetEntry"];

/** What is asked of the model; of several images; of an answer by a causal test. Fields left out have the API's defaults. */
export type Question = Schemas["QuestionForm"];
export type SetQuestion = Schemas["ImageSetForm"];
export type TestQuestion = Schemas["TestForm"];
