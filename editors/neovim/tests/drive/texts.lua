-- What is taken in Neovim as ghost text, Helix takes from its menu: the same cases, the same texts, to the last byte.

local editor = require('editor')
local provider = require('loopback')

local BINARY = assert(vim.env.BYOK_BINARY, 'BYOK_BINARY must name the server')
local CASES = vim.fs.joinpath(editor.HERE, '../../../tests/support/same_texts.json')
local MARK = '‸'

local function read(path)
  local file = assert(io.open(path, 'rb'))
  local text = file:read('a')
  file:close()
  return text
end

--- Returns the text of the case's file with these lines, ended as the case ends them.
local function text_of(case, lines)
  local ends = case.ends or '\n'
  return table.concat(lines, ends) .. ends
end

--- Where the mark stands: the row from 1, the column in bytes from 0, and what is behind it on its line.
local function mark_of(lines)
  for row, line in ipairs(lines) do
    local from, to = line:find(MARK, 1, true)
    if from then
      return row, from - 1, line:sub(to + 1)
    end
  end
  error('no mark')
end

--- What stands in the result between what was there and what is typed, and what follows: the whole suggestion.
local function suggestion_of(case)
  local row, column, behind = mark_of(case.lines)
  local last = #case.result - (#case.lines - row)
  local text = table.concat(vim.list_slice(case.result, row, last), '\n')
  return text:sub(column + #case.typed + 1, #text - #behind)
end

local function takes(case)
  return function(nvim)
    vim.fn.mkdir(nvim.work .. '/.git')
    local url = provider(nvim, { { text = case.answer } })
    nvim:configure(('[providers.mock]\nwire = "%s"\nbase_url = "%s"\nkey = { env = "MOCK_KEY" }\n'):format(case.wire or 'openai-completions', url))
    nvim:setup({ cmd = { BINARY, 'serve' }, settings = { completion = { model = 'mock/small' } } })
    local path = nvim.work .. '/' .. case.file
    local file = assert(io.open(path, 'wb'))
    file:write((text_of(case, case.lines):gsub(MARK, '')))
    file:close()
    nvim:lua('vim.cmd.edit(...)', case.file)
    nvim:expect('attached()', true)
    local row, column, behind = mark_of(case.lines)
    nvim:lua('vim.api.nvim_win_set_cursor(0, ...)', { row, column })
    -- Behind the last character of a line there is no place for the cursor in normal mode.
    nvim:keys((behind == '' and 'A' or 'i') .. case.typed)
    nvim:expect('ghost()', suggestion_of(case))
    nvim:keys('<Tab>')
    nvim:expect('text()', table.concat(case.result, '\n'))
    nvim:lua('vim.cmd.write()')
    local wanted = text_of(case, case.result)
    nvim:eventually('the file holds ' .. vim.inspect(wanted), function() return read(path) end, function(text) return text == wanted end)
  end
end

local tests = {}
for _, case in ipairs(vim.json.decode(read(CASES))) do
  table.insert(tests, { case.name, takes(case) })
end
return tests
