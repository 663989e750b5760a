require "json"
require_relative 'store'

LIMIT = 64

# Keeps tasks.
module Tasks
  GREETING = "hello (".freeze

  class Task < Base
    attr_reader :title, :due

    def initialize(title, due: 0)
      @title = title
      @due = due
    end

    def late?
      limit = LIMIT
      due > limit
    end

    def self.load(path)
      File.readlines(path).map do |line|
        new(line.strip, **JSON.parse(line))
      end
    end

    def to_s = "#{title} (#{due}"

    class << self
      def none
        @none ||= new("")
      end
    end
  end

  def first(tasks)
    if tasks.empty?
      nil
    else
      tasks.find { |task| !task.late? }
    end
  end

  def empty
  end
end
