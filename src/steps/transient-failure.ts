import { StepFailed } from "../flows/errors.ts";

/** A step failed by something outside that may do its work when it is asked again. */
export class TransientFailure extends StepFailed {}
