import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { helpOf, readFlags, type Command, UsageError } from '../../src/cli/command.ts'
import { injectCommand } from '../../src/cli/inject.ts'
import { uninjectCommand } from '../../src/cli/uninject.ts'
import { podYaml } from '../support/manifests.ts'
import { runUsher } from '../support/usher-process.ts'

t.test('wrong usage ends with 2, a sentence and where to look, and nothing is read or written', async (t) => {
  const folder = t.testdir({ 'web.yaml': podYaml('web') })
  for (const [command, args, message] of [
    ['inject', [], 'nothing to read: -f FILE, -f DIR, or -f - for standard input'],
    ['inject', ['web.yaml'], '"web.yaml" is no flag; files are given with -f'],
    ['inject', ['-f', 'web.yaml', '--inplace'], 'unknown flag --inplace; did you mean --in-place?'],
    ['inject', ['-f', 'web.yaml', '-i', '--diff'], '--diff and --in-place do not go together'],
    ['inject', ['-f', 'web.yaml', '-f', '-', '-i'], '--in-place: standard input is not a file that could be written back'],
    ['uninject', ['-f', '-', '-f', '-'], '-f - can be given only once'],
    ['uninject', ['-f', 'web.yaml', '-o', 'reasons'], '--output: "reasons" is not one of yaml, json, patch'],
  ] as const) {
    const { code, stdout, stderr } = await runUsher(t, [command, ...args], { cwd: folder, stdin: podYaml('in') })
    t.strictSame({ code, stdout }, { code: 2, stdout: '' }, args.join(' '))
    t.equal(stderr, `usher ${command}: ${message}\nusher ${command} --help lists the flags\n`)
  }
  t.equal(readFileSync(join(folder, 'web.yaml'), 'utf8'), podYaml('web'))
})

t.test('what is wrong with a flag, and what to do', async (t) => {
  const folder = t.testdir({ 'web.yaml': podYaml('web') })
  const file = ['-f', join(folder, 'web.yaml')]
  for (const [flags, message] of [
    [['-f', ''], '-f: "" is not a file'],
    [[...file, '--namspace', 'shop'], 'unknown flag --namspace; did you mean --namespace?'],
    [[...file, '-x'], 'unknown flag -x'],
    [[...file, '-o', 'yml'], '--output: "yml" is not one of yaml, json, patch, reasons'],
    [[...file, '-o', ''], '--output: "" is not one of yaml, json, patch, reasons'],
    [[...file, '-o', 'yaml', '--diff'], '--output and --diff do not go together'],
    [[...file, '-o', 'json', '--in-place'], '--output and --in-place do not go together'],
    [[...file, '--json'], '--json goes with -o reasons'],
    [[...file, '--json', '-o', 'json'], '--json goes with -o reasons'],
    [[...file, '--kube-version', 'latest'], '--kube-version: "latest" is not a version such as 1.37'],
    [[...file, '--kube-version', '1'], '--kube-version: "1" is not a version such as 1.37'],
    [[...file, '-n', 'Shop'], '--namespace: "Shop" is not a name that a namespace can have'],
    [[...file, '-n', ''], '--namespace: "" is not a name that a namespace can have'],
    [[...file, '-n', 'x'.repeat(64)], /^--namespace: "x{64}" is not a name that a namespace can have$/],
    [[...file, '--namespace-label', 'team'], '--namespace-label: "team" is not KEY=VALUE'],
    [[...file, '--namespace-label', '=x'], '--namespace-label: "=x" is not KEY=VALUE'],
    [[...file, '--namespace-label', '__proto__=x'], '--namespace-label: "__proto__=x" is not KEY=VALUE'],
    [[...file, '--namespace-annotation', 'usher.dev/nap 20s'], '--namespace-annotation: "usher.dev/nap 20s" is not KEY=VALUE'],
    [[...file, '--namespace-annotation', 'usher.dev/nab=20s'],
      '--namespace-annotation: "usher.dev/nab" is not one that usher knows; did you mean usher.dev/nap?'],
    [[...file, '--namespace-annotation', 'usher.dev/sleepiness=1'],
      /^--namespace-annotation: "usher\.dev\/sleepiness" is not one that usher knows; known are usher\.dev\/nap, .*usher\.dev\/depends-on$/],
    [[...file, '--namespace-annotation', 'usher.dev/inject=enabled'], /usher\.dev\/inject is a label of namespaces$/],
  ] as const) {
    t.match(await usageErrorOf(injectCommand, flags), message, flags.slice(-2).join(' '))
  }
})

t.test('a flag without its value: which, and what it takes', async (t) => {
  for (const flags of [['-f'], ['-f', '--diff'], ['--filename', '-q']]) {
    t.match(await usageErrorOf(injectCommand, flags), /-f(?:ilename)?\b.*FILE\|DIR\|-/, flags.join(' '))
  }
  t.match(await usageErrorOf(injectCommand, ['-f', 'web.yaml', '-o', '-q']), /-o(?:utput)?\b.*FORMAT/)
})

t.test('a label that says the opposite of what inject is for is not passed over', async (t) => {
  const label = await usageErrorOf(injectCommand, ['-f', 'none.yaml', '--namespace-label', 'usher.dev/inject=disabled'])
  t.match(label, /^--namespace-label: .*usher\.dev\/inject/)
})

t.test('usher --help lists both commands, and knows what was meant', async (t) => {
  const { stdout } = await runUsher(t, ['--help'])
  for (const { name, summary } of [injectCommand, uninjectCommand]) t.match(stdout, new RegExp(`^ {2}${name} +${summary}$`, 'm'))
  const { code, stderr } = await runUsher(t, ['uninjcet', '-f', '-'])
  t.strictSame([code, stderr.split('\n')[0]], [2, 'usher: unknown command "uninjcet"; did you mean uninject?'])
})

t.test('the help has every flag, in lines that fit a terminal', async (t) => {
  const common = ['-f, --filename FILE|DIR|-', '-R, --recursive', '--diff', '-i, --in-place', '-q, --quiet', '-o, --output FORMAT']
  const context = ['--kube-version VERSION', '--config FILE', '-n, --namespace NAME', '--namespace-annotation KEY=VALUE', '--namespace-label KEY=VALUE']
  for (const [command, flags] of [
    [injectCommand, [...common, '--json', ...context]],
    [uninjectCommand, common],
  ] as const) {
    const help = helpOf(command)
    for (const flag of flags) t.ok(help.split('\n').some((line) => line.startsWith(`  ${flag} `)), flag)
    const own = help.slice(0, help.indexOf('Examples:'))
    t.ok(own.split('\n').every((line) => line.length <= 100))
    for (const { help: sentence } of Object.values(command.flags)) t.ok(sentence.length > 10)
  }
})

t.test('the examples of both commands are understood', async (t) => {
  for (const command of [injectCommand, uninjectCommand]) {
    for (const example of command.examples) {
      for (const part of example.split(' | ').filter((each) => each.startsWith(`usher ${command.name} `))) {
        t.doesNotThrow(() => readFlags(command, part.split(' ').slice(2)), part)
      }
    }
  }
})

/** What is wrong with a command line, found in this process: nothing is written before. */
async function usageErrorOf(command: Command, flags: readonly string[]): Promise<string> {
  try {
    await command.run(readFlags(command, flags), process)
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
  return 'nothing is wrong'
}
