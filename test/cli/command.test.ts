import t from 'tap'
import { certsCommand } from '../../src/cli/certs.ts'
import { closest, type Command, type FlagValues, helpOf, readFlags, readPort, table, UsageError } from '../../src/cli/command.ts'
import { demoCommand } from '../../src/cli/demo.ts'
import { webhookCommand } from '../../src/cli/webhook.ts'

const command: Command = {
  name: 'try',
  summary: 'try it',
  description: 'Tries it.',
  flags: {
    port: { type: 'string', value: 'PORT', default: '8443', help: 'a port' },
    name: { type: 'string', multiple: true, help: 'a name' },
    file: { type: 'string', help: 'a file' },
    force: { type: 'boolean', help: 'do it all the same' },
  },
  examples: ['usher try --force'],
  run: async () => 0,
}

t.test('reads flags, with their defaults', async (t) => {
  const none = readFlags(command, [])
  t.equal(none.text('port'), '8443')
  t.equal(none.text('file'), undefined)
  t.strictSame(none.texts('name'), [])
  t.equal(none.isOn('force'), false)

  const all = readFlags(command, ['--port=1', '--name', 'a', '--force', '--name=b', '--file', ''])
  t.equal(all.text('port'), '1')
  t.equal(all.text('file'), '')
  t.strictSame(all.texts('name'), ['a', 'b'])
  t.equal(all.isOn('force'), true)
  t.equal(readFlags(command, ['--port', '1', '--port', '2']).text('port'), '2', 'the last one counts')
})

t.test('says what is wrong with a flag, and what was probably meant', async (t) => {
  for (const [args, message] of [
    [['--prot', '1'], 'unknown flag --prot; did you mean --port?'],
    [['--forse'], 'unknown flag --forse; did you mean --force?'],
    [['--Force'], 'unknown flag --Force; did you mean --force?'],
    [['--something-else'], 'unknown flag --something-else'],
    [['--prot=1'], 'unknown flag --prot; did you mean --port?'],
    [['-x'], 'unknown flag -x'],
    [['--port'], '--port needs a value: PORT'],
    [['--port', '--force'], '--port needs a value: PORT'],
    [['--force=yes'], "Option '--force' does not take an argument"],
    [['stray'], "Unexpected argument 'stray'"],
  ] as const) {
    t.throws(() => readFlags(command, args), { name: 'UsageError', message }, args.join(' '))
  }
})

t.test('a message of usage is one line', async (t) => {
  for (const args of [['--port', '--force'], ['--port', '-1'], ['--nonsense'], ['a', 'b'], ['--', 'a']]) {
    const message = usageError(() => readFlags(command, args))
    t.equal(message.split('\n').length, 1, message)
  }
})

t.test('guesses what was meant, where it is near', async (t) => {
  const flags = ['port', 'probe-port', 'kube-version', 'config']
  t.equal(closest('prot', flags), 'port')
  t.equal(closest('kubeversion', flags), 'kube-version')
  t.equal(closest('probe_port', flags), 'probe-port')
  t.equal(closest('confg', flags), 'config')
  t.equal(closest('certificate', flags), undefined)
  t.equal(closest('x'.repeat(100), flags), undefined)
  t.equal(closest('port', []), undefined)
})

t.test('reads ports from 0 to 65535', async (t) => {
  for (const [text, port] of [['0', 0], ['1', 1], ['8443', 8_443], ['65535', 65_535], ['08080', 8_080]] as const) {
    t.equal(readPort(valueOf(text), 'port'), port)
  }
  for (const text of ['65536', '99999', '123456', '-1', '1.5', '0x50', '1e3', 'http', '', ' 80', '80 ', 'NaN', '８０']) {
    const message = usageError(() => readPort(valueOf(text), 'port'))
    t.equal(message, `--port: ${JSON.stringify(text)} is not a port from 0 to 65535`)
  }
})

t.test('help names every flag, its value, its default and what it is for', async (t) => {
  t.equal(helpOf(command), [
    'usher try: try it',
    '',
    'Tries it.',
    '',
    'Flags:',
    '  --port PORT   a port (default 8443)',
    '  --name VALUE  a name (may be given several times)',
    '  --file VALUE  a file',
    '  --force       do it all the same',
    '  --help        show this',
    '',
    'Examples:',
    '  usher try --force',
    '',
  ].join('\n'))
})

t.test('the flags in the help fit a terminal of 100 columns, for every command', async (t) => {
  for (const each of [webhookCommand, certsCommand, demoCommand]) {
    const lines = helpOf(each).split('\n')
    const rows = lines.slice(lines.indexOf('Flags:') + 1, lines.indexOf('Examples:'))
    t.ok(rows.length > 1 && rows.every((line) => line.length <= 100), each.name)
    t.ok(lines.every((line) => line === line.trimEnd()), `${each.name}: no blanks at the end of lines`)
  }
})

t.test('the help of the webhook has its flags and their defaults', async (t) => {
  const help = helpOf(webhookCommand).replaceAll(/\n {6,}/g, ' ')
  for (const flag of ['host', 'port', 'probe-port', 'certs', 'tls-cert', 'tls-key', 'config', 'kube-version', 'log-level']) {
    t.match(help, new RegExp(`^ {2}--${flag} [A-Z]+ `, 'm'), flag)
  }
  for (const fallback of ['0.0.0.0', '8443', '8080', 'certs']) t.match(help, `(default ${fallback})`)
})

t.test('the examples of every command are understood', async (t) => {
  for (const each of [webhookCommand, certsCommand, demoCommand]) {
    for (const example of each.examples) {
      const [usher, name, ...args] = example.split(' ')
      t.strictSame([usher, name], ['usher', each.name])
      t.doesNotThrow(() => readFlags(each, args), example)
    }
  }
})

t.test('wraps the second column of a table under itself, and breaks no word', async (t) => {
  const words = 'word '.repeat(40).trim()
  const lines = table([['left', words], ['longer-left', 'short']])
  const column = 2 + 'longer-left'.length + 2
  t.ok(lines.length > 2)
  t.equal(lines[0]?.slice(0, column), '  left'.padEnd(column))
  for (const line of lines.slice(1, -1)) t.equal(line.slice(0, column).trim(), '')
  t.equal(lines.slice(0, -1).map((line) => line.slice(column)).join(' '), words)
  t.equal(lines.at(-1), `${'  longer-left'.padEnd(column)}short`)
  t.strictSame(table([['a', 'x'.repeat(200)]]).length, 1, 'a word that is too long stands alone')
})

function valueOf(text: string): FlagValues {
  return readFlags(command, [`--port=${text}`])
}

function usageError(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
  return 'nothing is wrong'
}
