import { parseDuration } from '../units/duration.ts'
import { type FlagValues, UsageError } from './command.ts'

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What was said, and where, so that a fault can name it. */
export interface Said {
  readonly by: string
  readonly text: string
}

/** Reads settings that a flag says, or else a variable of the older fork. All but `text` throw {@link UsageError}. */
export interface SettingsReader {
  text(flag: string, variable: string): string | undefined
  /** A whole number. */
  whole(flag: string, variable: string | undefined, least: number, most: number): number
  /** Seconds, or a duration; gives milliseconds. */
  span(flag: string, variable?: string, mostMs?: number): number
}

// Longer than anybody means.
const longestSpanMs = 365 * 24 * 3_600_000

/** Flags, and what stands in for those that are not given. */
export function settingsReader(values: FlagValues, environment: Environment): SettingsReader {
  function said(flag: string, variable: string | undefined): Said {
    const ofEnvironment = variable === undefined ? undefined : environment[variable]
    if (variable !== undefined && ofEnvironment !== undefined && ofEnvironment !== '' && !values.isGiven(flag)) {
      return { by: variable, text: ofEnvironment }
    }
    return { by: `--${flag}`, text: values.text(flag) ?? '' }
  }
  return {
    text: (flag, variable) => said(flag, variable).text,
    whole(flag, variable, least, most) {
      const { by, text } = said(flag, variable)
      const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
      if (!(value >= least && value <= most)) {
        throw new UsageError(`${by}: ${JSON.stringify(text)} is not a whole number from ${least} to ${most}`)
      }
      return value
    },
    span(flag, variable, mostMs = longestSpanMs) {
      const { by, text } = said(flag, variable)
      const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : parseDuration(text)
      if (ms === undefined || ms > mostMs) {
        throw new UsageError(`${by}: ${JSON.stringify(text)} is not a number of seconds, or a duration such as 90s or 5m, up to ${mostMs / 3_600_000}h`)
      }
      return ms
    },
  }
}

/**
 * A variable that is true or false, as Go reads them; empty is as if it were not there.
 *
 * @throws {UsageError}
 */
export function readSwitch(environment: Environment, variable: string, byDefault: boolean): boolean {
  const text = environment[variable] ?? ''
  if (text === '') return byDefault
  if (['true', '1', 't'].includes(text.toLowerCase())) return true
  if (['false', '0', 'f'].includes(text.toLowerCase())) return false
  throw new UsageError(`${variable}: ${JSON.stringify(text)} is not true or false`)
}
