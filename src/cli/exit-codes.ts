/** What the commands end with. */
export const exitCodes = {
  done: 0,
  /** Something is wrong, or failed. */
  failed: 1,
  usage: 2,
  /** The cluster cannot be reached. */
  unreachable: 3,
  /** There is no room for it, or it is not valid. */
  rejected: 4,
  /** As things were before. */
  rolledBack: 5,
  /** Not as things were before. */
  notRolledBack: 6,
} as const

/** An exit code of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
