-- The whole way with the real byok-lsp ($BYOK_BINARY), without a key and without a network.

local BINARY = assert(vim.env.BYOK_BINARY, 'BYOK_BINARY must name the server')
local LINE = '    let reader = BufReader::new(File::open(path)?);'
local LINES = {
  'use std::fs::File;',
  'use std::io::{BufRead, BufReader};',
  'use std::path::Path;',
  '',
}
for _, name in ipairs({ 'count', 'longest', 'shortest', 'first' }) do
  vim.list_extend(LINES, {
    ('pub fn %s(path: &Path) -> std::io::Result<usize> {'):format(name),
    LINE,
    ('    Ok(reader.lines().%s())'):format(name),
    '}',
    '',
  })
end
vim.list_extend(LINES, { 'pub fn last(path: &Path) -> std::io::Result<usize> {', '', '}' })

--- Opens the file with the cursor on the empty line of its last function.
local function ready(nvim)
  vim.fn.mkdir(nvim.work .. '/.git')
  nvim:lua([[vim.o.laststatus = 2; vim.o.statusline = "%f %{v:lua.require'byok'.statusline()}"]])
  nvim:setup({ cmd = { BINARY, 'serve' }, settings = { completion = { model = 'local' } } })
  nvim:open('lib.rs', LINES)
  nvim:expect('attached()', true)
  nvim:keys('Gk')
end

--- Types and waits for ghost text. The engine reads a file a moment after it is opened: what came too early is undone and typed again.
local function typed_until_seen(nvim, keys, ghost)
  nvim:eventually(('"%s" is suggested'):format(ghost), function()
    nvim:keys(keys)
    for _ = 1, 100 do
      vim.wait(50)
      local seen = nvim:lua('return ghost()')
      if seen ~= '' then
        return seen
      end
    end
    nvim:keys('<Esc>u')
    return ''
  end, function(seen) return seen:find(ghost, 1, true) ~= nil end)
end

local function typed_and_seen(nvim)
  ready(nvim)
  typed_until_seen(nvim, 'A    let reader = Buf', 'Reader::new(')
end

return {
  { 'a line like one of the file is suggested while typing it', typed_and_seen },

  { 'Tab accepts it, and exactly it', function(nvim)
    typed_and_seen(nvim)
    local ghost = nvim:lua('return ghost()')
    nvim:keys('<Tab>')
    nvim:expect('table.concat(vim.api.nvim_buf_get_lines(0, 25, -2, true), "\\n")', '    let reader = Buf' .. ghost)
    assert(vim.startswith('    let reader = Buf' .. ghost, LINE), ghost)
  end },

  { 'each suggestion is reported, costs nothing, and is nobody\'s bill', function(nvim)
    typed_and_seen(nvim)
    nvim:expect('#seen.usage > 0', true)
    local usage = nvim:lua('return seen.usage[1]')
    assert(usage.v == 1 and usage.feature == 'completion', vim.inspect(usage))
    assert(usage.provider == 'local' and usage.cost.nanos == 0 and usage.cost.source == 'free', vim.inspect(usage))
    assert(usage.payer:find('nobody', 1, true), usage.payer)
    nvim:expect_text('vim.api.nvim_eval_statusline(vim.o.statusline, {}).str', 'lib.rs local/patterns')
    nvim:expect_text('vim.api.nvim_eval_statusline(vim.o.statusline, {}).str', '$0.00 today')
  end },

  { 'leaving insert mode and coming back works on', function(nvim)
    typed_and_seen(nvim)
    nvim:keys('<Esc>')
    nvim:expect('ghost()', '')
    nvim:keys('a')
    nvim:expect_text('ghost()', 'Reader::new(')
  end },

  { ':Byok pause stops the suggestions, resume brings them back', function(nvim)
    ready(nvim)
    nvim:lua([[vim.cmd('Byok pause')]])
    nvim:expect_text([[require('byok').statusline()]], 'paused')
    nvim:keys('A    let reader = Buf')
    nvim:expect_text([[vim.fn.execute('messages')]], 'paused')
    nvim:lua([[vim.cmd('Byok resume')]])
    nvim:expect([[require('byok').statusline():find('paused') == nil]], true)
    nvim:keys('<Esc>u')
    typed_until_seen(nvim, 'A    let reader = Buf', 'Reader::new(')
  end },

  { ':Byok usage, :Byok model and :checkhealth byok answer', function(nvim)
    typed_and_seen(nvim)
    nvim:lua([[vim.cmd('Byok usage')]])
    nvim:expect_text('text()', 'session  $0.00')
    nvim:keys('q')
    nvim:expect([[vim.list_contains(vim.fn.getcompletion('Byok model ', 'cmdline'), 'local')]], true)
    nvim:lua([[vim.cmd('stopinsert') vim.cmd('checkhealth byok')]])
    nvim:expect_text('text()', 'model local/patterns, paid by nobody')
    assert(not nvim:lua('return text()'):find('ERROR', 1, true), nvim:lua('return text()'))
    nvim:expect('seen.notifications', {})
  end },
}
