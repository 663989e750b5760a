--- The options of `setup()`: their types, their defaults, and the check that names a mistake and its fix.
---
--- Nothing here touches the editor; `init.lua` hands the result to the other modules.

local M = {}

---@class byok.Keys
---@field accept string|false Takes the whole suggestion.
---@field next string|false Shows the next suggestion.
---@field previous string|false Shows the previous suggestion.
---@field dismiss string|false Takes the suggestion off the screen.
---@field accept_word string|false Takes its next word.
---@field accept_line string|false Takes its next line.

---@class byok.Config
---@field cmd string[] The server's command line.
---@field filetypes string[]|nil The only filetypes to attach to; nil means every one.
---@field exclude_filetypes string[] Filetypes never to attach to.
---@field root_markers string[] Names that mark the top folder of a project.
---@field settings table The server's own settings, the same as in its `config.toml`.
---@field keys byok.Keys
---@field preview boolean Whether what a code action would change is shown before it is changed.

---@class byok.KeysOpts
---@field accept? string|false
---@field next? string|false
---@field previous? string|false
---@field dismiss? string|false
---@field accept_word? string|false
---@field accept_line? string|false

---@class byok.Opts
---@field cmd? string[]
---@field filetypes? string[]
---@field exclude_filetypes? string[]
---@field root_markers? string[]
---@field settings? table
---@field keys? byok.KeysOpts|false
---@field preview? boolean

---@type byok.Config
M.defaults = {
  cmd = { 'byok-lsp', 'serve' },
  filetypes = nil,
  exclude_filetypes = { 'help', 'man', 'netrw', 'qf', 'gitrebase' },
  root_markers = { '.byok.toml', '.git', '.hg', '.jj' },
  settings = {},
  keys = {
    accept = '<Tab>',
    accept_word = '<M-w>',
    accept_line = '<M-l>',
    next = '<M-]>',
    previous = '<M-[>',
    dismiss = '<C-]>',
  },
  preview = false,
}

---@type byok.Config
M.current = vim.deepcopy(M.defaults)

---@param key string
---@param message string
local function mistake(key, message)
  error(('byok: setup(): `%s` %s'):format(key, message), 0)
end

---@param key string
---@param value any
local function check_list(key, value)
  local is_list = type(value) == 'table' and vim.islist(value)
  if not is_list or not vim.iter(value):all(function(v) return type(v) == 'string' end) then
    mistake(key, 'must be a list of strings')
  end
end

--- Merges the user's options over the defaults and stores the result; raises an error that names the wrong key.
---@param opts? byok.Opts
---@return byok.Config
function M.apply(opts)
  opts = vim.deepcopy(opts or {})
  if type(opts) ~= 'table' then
    error('byok: setup() takes a table of options', 0)
  end
  for key in pairs(opts) do
    if M.defaults[key] == nil and key ~= 'filetypes' then
      mistake(key, 'is not an option; see :help byok-options')
    end
  end
  if opts.keys == false then
    opts.keys = vim.tbl_map(function() return false end, M.defaults.keys)
  end
  local config = vim.tbl_deep_extend('force', vim.deepcopy(M.defaults), opts)

  check_list('cmd', config.cmd)
  if #config.cmd == 0 then
    mistake('cmd', 'must name the program, as in { "byok-lsp", "serve" }')
  end
  if config.filetypes ~= nil then
    check_list('filetypes', config.filetypes)
  end
  check_list('exclude_filetypes', config.exclude_filetypes)
  check_list('root_markers', config.root_markers)
  if type(config.settings) ~= 'table' then
    mistake('settings', 'must be a table')
  end
  if type(config.keys) ~= 'table' then
    mistake('keys', 'must be a table, or false for no keys at all')
  end
  if type(config.preview) ~= 'boolean' then
    mistake('preview', 'must be true or false')
  end
  for name, lhs in pairs(config.keys) do
    if M.defaults.keys[name] == nil then
      mistake('keys.' .. name, 'is not a key; see :help byok-keys')
    elseif lhs ~= false and (type(lhs) ~= 'string' or lhs == '') then
      mistake('keys.' .. name, 'must be a key such as "<Tab>", or false for none')
    end
  end
  M.current = config
  return config
end

return M
